"""What no software can beat: a worker's steps bounded by its hardware's published peaks.

A bound, not a prediction. It takes every part of the hardware for fully used and perfectly overlapped:

    step ≥ max(bytes read from HBM / bandwidth, FLOPs / peak, bytes sent over NVLink / bandwidth, … over RDMA / …)

Experts are taken for evenly used (uniform routing). Sources: the roofline model (Williams, Waterman, Patterson 2009);
peaks in ``wideep.gpus.table``; weights and KV cache in ``wideep.memory``; what DeepEP sends in ``traffic_bytes``.
"""

from wideep.roofline.step import BoundBy, StepBound, decode_bound, prefill_bound

__all__ = ["BoundBy", "StepBound", "decode_bound", "prefill_bound"]
