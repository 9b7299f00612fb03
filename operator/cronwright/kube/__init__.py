"""The only code that talks to Kubernetes: credentials, a raw client, informers, logs.

`client` carries every request; `informer` keeps what is watched in memory; `logs` reads the end
of a container's output. Objects are plain JSON here: what they mean is for `core` and `model`.
"""
