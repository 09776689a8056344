# SPDX-License-Identifier: Apache-2.0
"""How our Python scripts end that fail: with what failed and what to do, not with a traceback."""
import subprocess
import sys


def fail(said, remedy):
    """Ends the script: what was said (its end, if it is long), and what to do about it."""
    sys.exit(f"{said[-4000:].rstrip()}\nwhat to do: {remedy}")


def run(main):
    """Runs main() and ends the script with its status."""
    try:
        sys.exit(main())
    except OSError as error:
        fail(f"{sys.argv[0]}: {error}", "have what is named above, or name another; run it again")
    except UnicodeDecodeError as error:
        fail(f"{sys.argv[0]}: {error}", "name a file of text in UTF-8")
    except (ValueError, subprocess.SubprocessError) as error:
        fail(f"{sys.argv[0]}: {error}", "mend what is named above; then run it again")
    except KeyboardInterrupt:
        sys.exit(130)
