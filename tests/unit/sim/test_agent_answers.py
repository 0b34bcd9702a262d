"""What the simulated worker says."""

from sim.serving.phrases import answer

MODEL = "deepseek-ai/DeepSeek-R1"


def test_the_answer_says_first_that_the_simulation_speaks_and_for_which_graph() -> None:
    said = answer("Explain MoE models in one sentence", MODEL, "graph sgl, decode 1 \u00d7 TP8")
    assert said.startswith(f"This is the simulated cluster speaking for {MODEL} (graph sgl, decode 1 \u00d7 TP8). ")


def test_a_question_about_a_known_matter_gets_a_sentence_about_it() -> None:
    assert "only a few experts for each token" in answer("Explain MoE models in one sentence", MODEL, "")
    assert "KV cache" in answer("What does prefill do?", MODEL, "")


def test_any_other_question_comes_back_as_an_echo() -> None:
    said = answer("What is  the capital\nof France?", MODEL, "")
    assert said.endswith("has to do: \u201cWhat is the capital of France?\u201d")
