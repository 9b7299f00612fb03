"""Decisions, as pure functions: facts and `now` in, plans and statuses out; no I/O.

`facts` is what is known of the children, `plan` what is to be done about them,
`status` what is to be said of them. `controller` gathers the one and carries out the others.
"""
