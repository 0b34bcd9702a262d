"""The bound that no software can beat: the time of a worker's steps at its hardware's published peaks.

It is a bound, not a prediction, and assumes that every part of the hardware is fully used and perfectly overlapped:

    step ≥ max(bytes read from HBM / bandwidth, FLOPs / peak, bytes sent over NVLink / bandwidth, … over RDMA / …)

Experts are assumed to be used evenly (uniform routing). Sources: the roofline model (Williams, Waterman, Patterson
2009); peaks in ``wideep.gpus.table``; weights and KV cache in ``wideep.memory``; what DeepEP sends in
``all_to_all_bytes``.
"""

from wideep.roofline.step import BoundBy, StepBound, decode_bound, prefill_bound

__all__ = ["BoundBy", "StepBound", "decode_bound", "prefill_bound"]
