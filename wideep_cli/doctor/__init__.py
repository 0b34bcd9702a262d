"""``wideep doctor``: whether a cluster meets a stack's needs, and what is wrong with what is deployed.

    stack file ──► Settings, Plan ─────────────┐
                                               ├──► CheckContext ──► checks ──► Findings ──► report
    cluster ──► ClusterSnapshot (read once) ───┘

A check is a function from the CheckContext to findings. It knows the Plan, so its next step can be a key of the stack
config with a value that would work.
"""
