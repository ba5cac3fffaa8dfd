"""ftok: a byte-pair encoder with tiktoken's methods, its trainer, and the main text of web pages.

    >>> import ftok
    >>> encoding = ftok.Encoding.load("ftok-100k")
    >>> encoding.decode(encoding.encode("hello world"))
    'hello world'
"""
import os as _os
from pathlib import Path as _Path

from ._ftok import Encoding, Node, Page, PretokenCounts, __version__, _names_of_same_ranks, extract, parse, unicode_version

__all__ = ["Encoding", "Node", "Page", "PretokenCounts", "__version__", "extract", "get_encoding", "list_encoding_names", "parse", "train",
           "unicode_version"]


def _fetched_folder():
    """Where `ftok models get` and `ftok vocab get` put vocabularies; None without a home."""
    for variable, below in (("FTOK_CACHE", "models"), ("XDG_CACHE_HOME", "ftok/models"), ("HOME", ".cache/ftok/models")):
        if _os.environ.get(variable):
            return _Path(_os.environ[variable]) / below
    return None


def _named():
    """name -> path of the vocabularies that come with the package or were fetched"""
    found = {}
    fetched = _fetched_folder()
    if fetched is not None:
        for path in sorted(fetched.glob("*.tiktoken")):
            found[path.stem] = path
        if (fetched / "gpt2" / "vocab.bpe").exists():
            found["gpt2"] = fetched / "gpt2" / "vocab.bpe"
    for path in sorted((_Path(__file__).parent / "vocab").glob("*.tiktoken")):
        found[path.stem] = path
    return found


def list_encoding_names():
    """The names that Encoding.load takes besides paths."""
    return sorted(_named())


def _load(name_or_path, *, pattern=None, special_tokens=None, name=None):
    path = _Path(name_or_path)
    if not path.is_file():
        wanted, named = str(name_or_path), _named()
        if wanted not in named:  # o200k_harmony has the ranks of o200k_base
            same = [other for other in _names_of_same_ranks(wanted) if other in named]
            if not same:
                raise ValueError(f"no file {wanted}, and no vocabulary of that name (there are: {', '.join(sorted(named))}; "
                                 "`ftok vocab get` fetches published ones)")
            name, wanted = name or wanted, same[0]
        path = named[wanted]
    return Encoding._load(str(path), pattern, dict(special_tokens or {}), name)


Encoding.load = staticmethod(_load)


def get_encoding(name):
    """The encoding of that name, loaded once: tiktoken's function."""
    if name not in _loaded:
        _loaded[name] = Encoding.load(name)
    return _loaded[name]


_loaded = {}


def train(texts, size, *, pattern="cl100k", name="trained", special_tokens=(), min_count=2, longest_token=64):
    """Trains an Encoding of `size` ranks, the 256 bytes included, on an iterable of str or bytes; special tokens come on top."""
    counts = PretokenCounts(pattern)
    counts.add(texts)
    return counts.train(size, name=name, special_tokens=list(special_tokens), min_count=min_count, longest_token=longest_token)
