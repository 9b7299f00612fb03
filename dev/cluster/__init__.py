"""Real Kubernetes on this machine, without containers: `python -m dev.cluster up`.

One task through it: `__main__` takes the lock and calls `lifecycle`, which has the program built
(`build`), makes files (`certificates`, `kubeconfigs`, `audit`), and starts what `components`
describes as processes that `processes` keeps track of.
"""
