"""``wideep network``: the RDMA devices of the workers, who reaches whom, and what NCCL and NVSHMEM say."""
