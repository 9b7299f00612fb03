"""A small node: runs the containers of its pods as local processes.

`node` registers and watches, `pod` leads one pod from start to end and `supervisor` each of its
containers, whose processes `zygote` makes. `report` tells the API server how they are, and
`server` answers it. What this does as the kubelet does, and what it leaves out, says README.md.
"""
