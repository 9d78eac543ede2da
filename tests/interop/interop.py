"""Every check against real encoders and players, in the order in which they share one server."""

import sys
import tempfile
import time
import traceback

import checks
from server import Server


def main() -> int:
    wanted = sys.argv[1:]
    passed, failed = 0, []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="headend-interop-") as folder:
        server = Server(folder)
        try:
            for name, check in checks.ALL:
                if wanted and not any(text in name for text in wanted):
                    continue
                at = time.monotonic()
                try:
                    said = check(server)
                    passed += 1
                    print(f"ok    {name} ({time.monotonic() - at:.1f} s): {said}", flush=True)
                except Exception as error:  # a check may fail in any way, and the others go on
                    failed.append(name)
                    print(f"FAIL  {name} ({time.monotonic() - at:.1f} s): {error}", flush=True)
                    if not isinstance(error, AssertionError):
                        traceback.print_exc()
        finally:
            server.kill()
            if failed:
                print("--- the server said, at the end:")
                print("\n".join(server.lines[-60:]))
    print(f"{time.monotonic() - began:.0f} s in all")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
