"""ftok: web pages to token shards, and a byte-pair encoder with tiktoken's methods, its trainer, and the main text of web pages.

    >>> import ftok
    >>> encoding = ftok.Encoding.load("ftok-100k")
    >>> encoding.decode(encoding.encode("hello world"))
    'hello world'
    >>> result = ftok.run("fineweb-2024-04", ["pages.warc.gz"], "out")
    >>> shards = ftok.Shards("out")
"""
import copyreg as _copyreg
import difflib as _difflib
import html as _html
import os as _os
from pathlib import Path as _Path

from ._ftok import Encoding, Node, Page, PretokenCounts, __version__, _names_of_same_ranks, extract, parse, unicode_version

from ._program import RunError, RunResult, deduplicate, detect_languages, filter_texts, find_pii, program, read, replace_pii, run
from ._shards import Shards, Windows

__all__ = ["Encoding", "Node", "Page", "PretokenCounts", "RunError", "RunResult", "Shards", "TokenView", "Windows", "__version__", "deduplicate", "detect_languages",
           "encoding_for_model", "encoding_name_for_model", "extract", "filter_texts", "find_pii", "from_pretrained", "get_encoding", "list_encoding_names",
           "parse", "program", "read", "replace_pii", "run", "train", "unicode_version"]


def _fetched_folder():
    """Where `ftok models get` and `ftok vocab get` put vocabularies; None without a home."""
    for variable, below in (("FTOK_CACHE", "models"), ("XDG_CACHE_HOME", "ftok/models"), ("HOME", ".cache/ftok/models")):
        if _os.environ.get(variable):
            return _Path(_os.environ[variable]) / below
    return None


def _vocabularies():
    """The folder of those that come with the package."""
    return _Path(__file__).parent / "share" / "ftok" / "vocab"


def _named():
    """name -> path of the vocabularies that come with the package or were fetched"""
    found = {}
    fetched = _fetched_folder()
    if fetched is not None:
        for path in sorted(fetched.glob("*.tiktoken")):
            found[path.stem] = path
        if (fetched / "gpt2" / "vocab.bpe").exists():
            found["gpt2"] = fetched / "gpt2" / "vocab.bpe"
    for path in sorted(_vocabularies().glob("*.tiktoken")):
        found[path.stem] = path
    return found


def _aliases():
    """other name -> vocabulary: the table that the command line reads too"""
    with open(_vocabularies() / "aliases.tsv", encoding="utf-8") as lines:
        return dict(line.rstrip("\n").split("\t") for line in lines if line.strip() and not line.startswith("#"))


def _alias_of(name):
    """The vocabulary of a model's name, or of a short form; None where it is no such name."""
    aliases = _aliases()
    fitting = [alias for alias in aliases if name == alias or name.startswith(alias[:-1] if alias.endswith("*") else alias + "-")]
    return aliases[max(fitting, key=len)] if fitting else None


def list_encoding_names():
    """The names that Encoding.load takes besides paths."""
    return sorted(_named())


def _load(name_or_path, *, pattern=None, special_tokens=None, name=None):
    """The encoding of a bundled or fetched name, or of a file: .tiktoken, tokenizer.json, vocab.bpe beside encoder.json. `pattern` and `special_tokens` are for a
    .tiktoken file that nothing else tells them of; `name` says which of the published vocabularies with these ranks it is, else the first."""
    path = _Path(name_or_path)
    if not path.is_file():
        wanted, named = str(name_or_path), _named()
        if wanted not in named and not _names_of_same_ranks(wanted):
            wanted = _alias_of(wanted) or wanted
            name = name or (wanted if _names_of_same_ranks(wanted) else None)
        if wanted not in named:  # o200k_harmony has the ranks of o200k_base
            same = [other for other in _names_of_same_ranks(wanted) if other in named]
            if not same and (_names_of_same_ranks(wanted) or wanted in _aliases().values()):
                raise ValueError(f"the vocabulary {wanted} is not on this machine: `ftok vocab get {wanted}` fetches it")
            if not same:
                nearest = _difflib.get_close_matches(wanted, [*named, *(alias.rstrip("*") for alias in _aliases())], 1)
                if nearest:
                    raise ValueError(f"no file {wanted}, and no vocabulary of that name: did you mean {nearest[0]}?")
                raise ValueError(f"no file {wanted}, and no vocabulary of that name (there are: {', '.join(sorted(named))}; "
                                 "`ftok vocab get` fetches published ones)")
            name, wanted = name or wanted, same[0]
        path = named[wanted]
    return Encoding._load(str(path), pattern, dict(special_tokens or {}), name)


Encoding.load = staticmethod(_load)


def _reduce(encoding):
    """Pickled as its name where that gives the same encoding, else whole."""
    if encoding.name in _named() and get_encoding(encoding.name)._state() == encoding._state():
        return _load_pickled, (encoding.name, encoding.sha256)
    return _of_state, (encoding._state(),)


def _load_pickled(name, sha256):
    encoding = get_encoding(name)
    if encoding.sha256 != sha256:
        raise ValueError(f"the vocabulary {name} here is not the one that was pickled: its ranks have the digest {encoding.sha256}, not {sha256}")
    return encoding


def _of_state(state):
    return Encoding._of_state(state)


def _tokens_html(encoding, text):
    """The text with its tokens in colour, as HTML for a notebook: a token that is not whole characters is shown as bytes."""
    colours = ("#d9ecff", "#e2f5d8", "#fff1c9", "#ffdfdc", "#eadcf8")
    spans = []
    for number, token in enumerate(encoding.encode_ordinary(text)):
        data = encoding.decode_single_token_bytes(token)
        try:
            shown = _html.escape(data.decode()).replace("\n", "\u21b5\n")
        except UnicodeDecodeError:
            shown = "".join(f"\\x{byte:02x}" for byte in data)
        spans.append(f"<span style='background:{colours[number % len(colours)]}' title='{token}'>{shown}</span>")
    return f"<pre style='white-space:pre-wrap'>{''.join(spans)}</pre>"


class TokenView(str):
    """A text that a notebook shows with its tokens in colour, their ids on hovering."""

    def __new__(cls, encoding, text):
        view = super().__new__(cls, text)
        view._encoding = encoding
        return view

    def __getnewargs__(self):
        return self._encoding, str(self)

    def _repr_html_(self):
        return _tokens_html(self._encoding, str(self))


def _view(self, text):
    """The text, which a notebook shows with its tokens in colour."""
    return TokenView(self, text)


Encoding.__reduce__ = _reduce
_copyreg.pickle(type(PretokenCounts("gpt2").add), lambda method: (getattr, (method.__self__, method.__name__)))  # encoding.encode, for Pool.map
Encoding.__repr__ = lambda self: f"<ftok.Encoding {self.name!r}: {self.n_vocab} tokens, pattern {self.pattern}, {len(self.special_tokens_set)} special>"
Encoding.view = _view


def encoding_name_for_model(model):
    """The name of the vocabulary that a model uses ("gpt-4o" -> "o200k_base"): tiktoken's function. Raises KeyError for a model that is not known."""
    is_vocabulary = model in _named() or _names_of_same_ranks(model) or model in _aliases().values()
    name = _alias_of(model) or (model if is_vocabulary else None)
    if name is None:
        raise KeyError(f"no vocabulary is known for the model {model!r}; Encoding.load takes a name or a file")
    return name


def encoding_for_model(model):
    """The encoding that a model uses, loaded once: tiktoken's function. Raises KeyError for a model that is not known, ValueError where its vocabulary has
    not been fetched."""
    return get_encoding(encoding_name_for_model(model))


def from_pretrained(folder):
    """The encoding of a model's folder as Hugging Face lays it out: its tokenizer.json, else a .tiktoken file or vocab.bpe. Raises FileNotFoundError where there is
    none."""
    folder = _Path(folder)
    if folder.is_file():
        return Encoding.load(folder)
    if (folder / "tokenizer.json").is_file():
        return Encoding.load(folder / "tokenizer.json")
    for path in [*sorted(folder.glob("*.tiktoken")), folder / "vocab.bpe"]:
        if path.is_file():
            return Encoding.load(path)
    raise FileNotFoundError(f"{folder} holds no tokenizer.json, no .tiktoken file and no vocab.bpe")


def get_encoding(name):
    """The encoding of that name, loaded once: tiktoken's function."""
    if name not in _loaded:
        _loaded[name] = Encoding.load(name)
    return _loaded[name]


_loaded = {}


def train(texts, size, *, pattern="cl100k", name="trained", special_tokens=(), min_count=2, longest_token=64):
    """Trains an Encoding of `size` ranks, the 256 bytes included, on an iterable of str or bytes; special tokens come on top."""
    if isinstance(special_tokens, (str, bytes)):
        raise TypeError("special_tokens: expected a list of texts, not one text")
    counts = PretokenCounts(pattern)
    counts.add(texts)
    return counts.train(size, name=name, special_tokens=list(special_tokens), min_count=min_count, longest_token=longest_token)
