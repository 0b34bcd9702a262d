"""Write the golden manifests anew: ``python -m tests.golden.update``. The diff is what a reviewer reads."""

from tests.golden.cases import FILES, text

if __name__ == "__main__":
    for preset, file in FILES.items():
        file.write_text(text(preset), encoding="utf-8")
