"""Write the golden manifests anew: ``python -m tests.golden.update``. The diff is what a reviewer reads."""

from tests.golden.cases import CASES

if __name__ == "__main__":
    for case in CASES:
        case.path.write_text(case.text(), encoding="utf-8")
        print(case.path.name)
