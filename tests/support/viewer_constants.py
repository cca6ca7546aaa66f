"""What the viewer's tests agree on."""

TOKEN = "token-of-the-tests"
HOSTILE_NAME = "<img src=x onerror=window.hacked=1>.jpg"
HOSTILE_TEXT = "<script>window.hacked=1</script>"
ORIGIN = "http://127.0.0.1"
DATED = 1_600_000_000  # when the discs were made
