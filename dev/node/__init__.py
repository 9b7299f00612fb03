"""A small node: runs the containers of its pods as local processes.

`node` registers and watches, `pod` leads one pod from start to end, `supervisor` one container;
`zygote` makes their processes, `report` tells how they are, `server` answers the API server. What it does as the kubelet does,
and what it leaves out, says README.md.
"""
