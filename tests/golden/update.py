"""Write golden manifests and messages anew: ``python -m tests.golden.update``. The diff is what a reviewer reads."""

from tests.golden.cases import (
    ENGINES,
    FILES,
    MONITORED,
    RELEASES,
    engine_text,
    monitoring_text,
    release_text,
    text,
)
from tests.golden.messages import update

if __name__ == "__main__":
    for preset, file in FILES.items():
        file.write_text(text(preset), encoding="utf-8")
    for preset, file in ENGINES.items():
        file.write_text(engine_text(preset), encoding="utf-8")
    for version, file in RELEASES.items():
        file.write_text(release_text(version), encoding="utf-8")
    for version, file in MONITORED.items():
        file.write_text(monitoring_text(version), encoding="utf-8")
    update()
