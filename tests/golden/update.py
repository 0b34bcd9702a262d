"""Write golden manifests and messages anew: ``python -m tests.golden.update``. The diff is what a reviewer reads."""

from tests.golden.files import GOLDEN
from tests.golden.messages import update

if __name__ == "__main__":
    for golden in GOLDEN:
        golden.file.write_text(golden.text(), encoding="utf-8")
    update()
