"""A program on a terminal: what it writes there, and what stands on the screen in the end."""
import fcntl, os, pty, re, struct, termios


def on_terminal(arguments, columns, rows=24, folder=None, environment=None):
    """-> all that `arguments` wrote on a terminal of this size, standard output and error; its exit code. `environment` is added to ours."""
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.chdir(folder or ".")
        os.environ.pop("NO_COLOR", None)
        os.environ.update(environment or {})
        os.execvp(arguments[0], [os.fspath(argument) for argument in arguments])
    written = b""
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        written += data
    os.close(terminal)
    return written.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def lines_of(text):
    """each line that was ever written, without colours and moves of the cursor"""
    return [re.sub("\x1b\\[[0-9;]*[A-Za-z]", "", line) for line in re.split("[\r\n]+", text)]


def screen_of(text):
    """the lines that stand there in the end, on an endless screen"""
    lines = [""]
    for piece in re.findall("\x1b\\[\\d+F\x1b\\[J|\x1b\\[[\\d;]*m|\r\n|[^\x1b\r\n]+", text):
        if piece.endswith("J"):
            lines[-1 - int(piece[2 : piece.index("F")]) :] = [""]
        elif piece == "\r\n":
            lines.append("")
        elif piece[0] != "\x1b":
            lines[-1] += piece
    return lines
