"""``wideep doctor``: whether a cluster is as a stack needs it, and what is wrong with what is deployed.

    stack file ──► Settings, Plan ─┐
                                   ├──► Case ──► checks ──► Findings ──► report
    cluster ──► View (read once) ──┘

A check is a function from the Case to findings. It knows the Plan, so that its next step is a key of the stack config
with a value that would hold.
"""
