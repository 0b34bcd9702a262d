"""``wideep network``: the workers' RDMA devices, which pods reach each other, and errors of NCCL and NVSHMEM."""
