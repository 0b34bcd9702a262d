"""Stand-in for a language model's knowledge: a handful of sentences, chosen by a word of the question."""

MODEL_PHRASES = {
    ("moe", "mixture", "expert", "experts"): (
        "Mixture-of-Experts models activate only a few experts for each token, so a model with hundreds of billions "
        "of parameters costs the compute of a much smaller one."
    ),
    ("eplb", "redundant", "balance", "balancing", "rebalance"): (
        "The expert load balancer counts how many tokens each expert gets and places redundant copies of the busy ones "
        "on other GPUs, so that no GPU waits for another."
    ),
    ("deepep", "dispatch", "all-to-all"): (
        "DeepEP moves each token to the GPUs that hold its experts and brings the results back, over NVLink within a "
        "node and RDMA between nodes."
    ),
    ("prefill", "decode", "disaggregated", "disaggregation"): (
        "Prefill workers read the prompt and fill the KV cache, decode workers write the answer one token at a time, "
        "and each of them can have the parallelism that suits it."
    ),
    ("parallelism", "parallel", "tensor", "tp", "dp", "ep"): (
        "Tensor parallelism cuts each matrix over the GPUs, data parallelism gives each GPU its own requests, and "
        "expert parallelism gives each GPU its own experts."
    ),
    ("dynamo", "kubernetes", "operator"): (
        "Dynamo puts a frontend, prefill workers and decode workers on Kubernetes as one graph, and routes each "
        "request to a worker that is ready."
    ),
}
NOTHING_KNOWN = "No model was asked, so an echo of your question has to do: \u201c{question}\u201d"
SPEAKER = "This is the simulated cluster speaking for {model}{about}."


def words(text: str) -> list[str]:
    return [word.strip(".,:;!?()\"'\u201c\u201d").lower() for word in text.split()]


def answer(question: str, model: str, about: str) -> str:
    """Return the worker's answer: who speaks, for which model and graph, then a sentence on the topic or an echo."""
    asked = set(words(question))
    known = next((phrase for keys, phrase in MODEL_PHRASES.items() if asked.intersection(keys)), None)
    said = known or NOTHING_KNOWN.format(question=" ".join(question.split())[:200])
    return f"{SPEAKER.format(model=model, about=about and f' ({about})')} {said}"
