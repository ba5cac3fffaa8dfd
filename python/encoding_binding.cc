// ftok.Encoding: tiktoken's methods.
#include <fmt/format.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "core/error.h"
#include "python/binding.h"
#include "text/unicode.h"
#include "tokenizer/encode/bpe_encode.h"
#include "tokenizer/encoding.h"

namespace ftok::python {
namespace {

// Shorter texts are encoded before another thread could take the lock, into a buffer that the thread keeps.
constexpr size_t kShortBytesMax = 4096;

// Which special tokens' texts are tokens, and which texts are refused: tiktoken's two arguments.
struct SpecialRules {
  bool all_allowed = false;
  std::vector<SpecialToken> allowed;
  bool all_disallowed = true;            // the special tokens but for those allowed
  std::vector<SpecialToken> disallowed;  // of any text, whose ids say nothing
  bool refuses_all = false;              // "" is disallowed, and in every text
};

bool is_all(nb::handle value) {
  return PyUnicode_Check(value.ptr()) && PyUnicode_CompareWithASCIIString(value.ptr(), "all") == 0;
}

// The texts of `names`, a collection of str.
std::vector<std::string> texts_of(nb::handle names, const char* argument) {
  const auto refuse = [&] {
    throw nb::type_error(fmt::format("{}: expected \"all\" or a set of str", argument).c_str());
  };
  if (PyUnicode_Check(names.ptr()) || PyBytes_Check(names.ptr()) || names.is_none()) refuse();
  std::vector<std::string> texts;
  for (const nb::handle name : names) {
    if (!PyUnicode_Check(name.ptr())) refuse();
    texts.emplace_back(TextArgument(name).view());
  }
  return texts;
}

SpecialRules rules_of(const Encoding& encoding, nb::handle allowed, nb::handle disallowed) {
  SpecialRules rules;
  rules.all_allowed = is_all(allowed);
  if (!rules.all_allowed) {
    for (const std::string& text : texts_of(allowed, "allowed_special")) {
      const SpecialToken* special = encoding.vocabulary().find_special(text);
      if (special != nullptr && special->special) rules.allowed.push_back(*special);
    }
  }
  rules.all_disallowed = is_all(disallowed);
  if (rules.all_disallowed || disallowed.is_none()) return rules;
  for (const std::string& text : texts_of(disallowed, "disallowed_special")) {
    if (text.empty()) rules.refuses_all = true;
    else rules.disallowed.push_back({text, 0});
  }
  return rules;
}

[[noreturn]] void refuse(std::string_view text, const SpecialFinder::Match& match) {
  throw nb::value_error(
      fmt::format("Encountered text corresponding to disallowed special token '{}' at byte {}; give "
                  "allowed_special={{'{}'}} to encode it as that token, or disallowed_special=() as plain text",
                  text.substr(match.begin, match.size), match.begin, text.substr(match.begin, match.size))
          .c_str());
}

bool contains(const std::vector<SpecialToken>& specials, uint32_t id) {
  return std::any_of(specials.begin(), specials.end(), [&](const SpecialToken& special) { return special.id == id; });
}

void check_disallowed(const Encoding& encoding, const SpecialRules& rules, std::string_view text) {
  if (rules.refuses_all) throw nb::value_error("disallowed_special has an empty text, which every text contains");
  if (rules.all_allowed && rules.all_disallowed) return;
  if (!rules.all_disallowed && rules.disallowed.empty()) return;
  const SpecialFinder& all = encoding.tables().specials;
  const bool are_all_special = !all.has_plain() && encoding.tables().normalized_specials.empty();
  if (are_all_special && rules.all_disallowed && rules.allowed.empty()) {
    const SpecialFinder::Match match = all.find(text, 0);
    if (match.size != 0) refuse(text, match);
    return;
  }
  std::vector<SpecialToken> refused = rules.disallowed;
  if (rules.all_disallowed) {
    for (const SpecialToken& special : encoding.vocabulary().specials) {
      if (special.special && !contains(rules.allowed, special.id)) refused.push_back(special);
    }
  }
  const SpecialFinder finder(refused);
  const SpecialFinder::Match match = refused.empty() ? SpecialFinder::Match{} : finder.find(text, 0);
  if (match.size != 0) refuse(text, match);
}

void encode_text(const Encoding& encoding, const SpecialRules& rules, std::string_view text,
                 std::vector<uint32_t>& ids) {
  if (rules.all_allowed) {
    ids = encoding.encode(text, Specials::kAllow);
    return;
  }
  if (rules.allowed.empty()) return encoding.encode_ordinary(text, ids);
  const SpecialFinder finder(rules.allowed);
  size_t begin = 0;
  for (SpecialFinder::Match match; (match = finder.find(text, begin)).size != 0; begin = match.begin + match.size) {
    encoding.encode_ordinary(text.substr(begin, match.begin - begin), ids);
    ids.push_back(match.id);
  }
  encoding.encode_ordinary(text.substr(begin), ids);
}

void encode_allowed(const Encoding& encoding, const SpecialRules& rules, bool add_special_tokens, std::string_view text,
                    std::vector<uint32_t>& ids) {
  encode_text(encoding, rules, text, ids);
  if (add_special_tokens && encoding.vocabulary().surrounds_texts()) encoding.add_special_tokens(ids);
}

// Calls work(), without the interpreter's lock where it takes long.
template <typename Work>
void run(size_t bytes, const Work& work) {
  if (bytes <= kShortBytesMax) {
    work();
    return;
  }
  const nb::gil_scoped_release released;
  work();
}

// Gives the ids that encode(ids) appends to `finish`: those of a short text in a buffer of the thread's, to be copied;
// others in a vector to be taken.
template <typename Encode, typename Short, typename Long>
nb::object with_ids(size_t bytes, const Encode& encode, const Short& finish_short, const Long& finish_long) {
  if (bytes <= kShortBytesMax) {
    thread_local std::vector<uint32_t> ids;
    ids.clear();
    encode(ids);
    return finish_short(ids);
  }
  std::vector<uint32_t> ids;
  {
    const nb::gil_scoped_release released;
    encode(ids);
  }
  return finish_long(std::move(ids));
}

template <typename Encode>
nb::object as_array(size_t bytes, const Encode& encode) {
  return with_ids(
      bytes, encode, [](const std::vector<uint32_t>& ids) { return short_array_of(ids); },
      [](std::vector<uint32_t> ids) { return array_of(std::move(ids)); });
}

template <typename Encode>
nb::object as_list(size_t bytes, const Encode& encode) {
  const auto list = [](const std::vector<uint32_t>& ids) { return list_of(ids); };
  return with_ids(bytes, encode, list, list);
}

template <bool kArray>
nb::object encode_ordinary(const Encoding& encoding, nb::handle text) {
  const TextArgument argument(text);
  const auto encode = [&](std::vector<uint32_t>& ids) { encoding.encode_ordinary(argument.view(), ids); };
  if constexpr (kArray) return as_array(argument.view().size(), encode);
  return as_list(argument.view().size(), encode);
}

template <bool kArray>
nb::object encode(const Encoding& encoding, nb::handle text, nb::handle allowed, nb::handle disallowed,
                  bool add_special_tokens) {
  const TextArgument argument(text);
  const SpecialRules rules = rules_of(encoding, allowed, disallowed);
  check_disallowed(encoding, rules, argument.view());
  const auto encode = [&](std::vector<uint32_t>& ids) {
    encode_allowed(encoding, rules, add_special_tokens, argument.view(), ids);
  };
  if constexpr (kArray) return as_array(argument.view().size(), encode);
  return as_list(argument.view().size(), encode);
}

// An arena of so many threads for one call. Arenas are used again and again: TBB keeps the memory of each to the end of
// the process. They are lent and given back under the interpreter's lock, and to one call at a time, so that calls of
// several threads do not wait for each other. A process that was forked has some of its own.
class LentArena {
 public:
  explicit LentArena(int threads) : threads_(threads) {
    auto& free = free_arenas()[threads];
    if (free.empty()) {
      arena_ = std::make_unique<oneapi::tbb::task_arena>(threads);
    } else {
      arena_ = std::move(free.back());
      free.pop_back();
    }
  }
  ~LentArena() { free_arenas()[threads_].push_back(std::move(arena_)); }
  LentArena(const LentArena&) = delete;
  LentArena& operator=(const LentArena&) = delete;

  oneapi::tbb::task_arena& operator*() { return *arena_; }

 private:
  using Arenas = std::map<int, std::vector<std::unique_ptr<oneapi::tbb::task_arena>>>;
  static Arenas& free_arenas() {
    static auto* const all = new std::map<pid_t, Arenas>;  // never destroyed: TBB may be gone by then
    return (*all)[::getpid()];
  }

  const int threads_;
  std::unique_ptr<oneapi::tbb::task_arena> arena_;
};

// The texts of an iterable, alive and in one place.
class TextArguments {
 public:
  explicit TextArguments(nb::handle texts) {
    for (const nb::handle text : texts) {
      kept_.push_back(nb::borrow(text));
      views_.emplace_back(kept_.back());
    }
  }
  size_t size() const { return views_.size(); }
  std::string_view operator[](size_t i) const { return views_[i].view(); }

 private:
  std::vector<nb::object> kept_;
  std::vector<TextArgument> views_;
};

// Work on each text in parallel, in the order of the texts; without the interpreter's lock.
template <typename Work>
std::vector<std::vector<uint32_t>> batch(const TextArguments& texts, int threads, const Work& work) {
  std::vector<std::vector<uint32_t>> results(texts.size());
  const int most = oneapi::tbb::info::default_concurrency();
  LentArena arena(threads > 0 ? std::min(threads, most) : most);
  {
    const nb::gil_scoped_release released;
    (*arena).execute(
        [&] { oneapi::tbb::parallel_for(size_t{0}, texts.size(), [&](size_t i) { work(texts[i], results[i]); }); });
  }
  return results;
}

nb::list lists_of(const std::vector<std::vector<uint32_t>>& batch) {
  nb::list out;
  for (const std::vector<uint32_t>& ids : batch) out.append(list_of(ids));
  return out;
}

nb::list encode_ordinary_batch(const Encoding& encoding, nb::handle texts, int threads) {
  return lists_of(batch(TextArguments(texts), threads, [&](std::string_view text, std::vector<uint32_t>& ids) {
    encoding.encode_ordinary(text, ids);
  }));
}

nb::list encode_batch(const Encoding& encoding, nb::handle texts, int threads, nb::handle allowed,
                      nb::handle disallowed, bool add_special_tokens) {
  const SpecialRules rules = rules_of(encoding, allowed, disallowed);
  const TextArguments arguments(texts);
  for (size_t i = 0; i < arguments.size(); ++i) check_disallowed(encoding, rules, arguments[i]);
  return lists_of(batch(arguments, threads, [&](std::string_view text, std::vector<uint32_t>& ids) {
    encode_allowed(encoding, rules, add_special_tokens, text, ids);
  }));
}

// All texts as one array of ids and an array of where each begins (one more than there are texts).
nb::tuple encode_ordinary_batch_to_numpy(const Encoding& encoding, nb::handle texts, int threads) {
  const auto encoded = batch(TextArguments(texts), threads, [&](std::string_view text, std::vector<uint32_t>& ids) {
    encoding.encode_ordinary(text, ids);
  });
  std::vector<uint32_t> all;
  std::vector<uint64_t> offsets(1, 0);
  size_t total = 0;
  for (const auto& ids : encoded) total += ids.size();
  all.reserve(total);
  for (const auto& ids : encoded) {
    all.insert(all.end(), ids.begin(), ids.end());
    offsets.push_back(all.size());
  }
  return nb::make_tuple(array_of(std::move(all)), array_of(std::move(offsets)));
}

nb::bytes bytes_of(std::string_view bytes) { return nb::bytes(bytes.data(), bytes.size()); }

nb::str str_of(std::string_view bytes, const std::string& errors) {
  PyObject* text = PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), errors.c_str());
  if (text == nullptr) throw nb::python_error();
  return nb::steal<nb::str>(text);
}

std::string decoded(const Encoding& encoding, const std::vector<uint32_t>& ids) {
  std::string bytes;
  try {
    run(ids.size() * 4, [&] { bytes = encoding.decode(ids); });
  } catch (const Error& error) {
    throw nb::key_error(error.what());
  }
  return bytes;
}

std::string_view token_bytes(const Encoding& encoding, uint32_t id) {
  if (!encoding.is_token(id))
    throw nb::key_error(fmt::format("id {} is not a token of {}", id, encoding.name()).c_str());
  return encoding.token_bytes(id);
}

uint32_t encode_single_token(const Encoding& encoding, nb::handle text) {
  const TextArgument argument(text);
  const std::optional<uint32_t> id = encoding.id_of(argument.view());
  if (!id) {
    PyErr_SetObject(PyExc_KeyError, text.ptr());
    throw nb::python_error();
  }
  return *id;
}

// The text, and for each token the place of its first whole character: tiktoken's rule counts a character that several
// tokens share to the first.
nb::tuple decode_with_offsets(const Encoding& encoding, nb::handle tokens) {
  const std::vector<uint32_t> ids = ids_of(tokens);
  nb::list offsets;
  int64_t place = 0;
  std::string text;
  for (const uint32_t id : ids) {
    const std::string_view bytes = token_bytes(encoding, id);
    const bool starts_inside = !bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0xC0) == 0x80;
    offsets.append(std::max<int64_t>(0, place - (starts_inside ? 1 : 0)));
    for (const char c : bytes) place += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    text += bytes;
  }
  return nb::make_tuple(str_of(text, "strict"), offsets);
}

nb::set special_set(const Encoding& encoding) {
  nb::set set;
  for (const SpecialToken& special : encoding.vocabulary().specials) {
    if (special.special) set.add(nb::str(special.text.data(), special.text.size()));
  }
  return set;
}

uint32_t end_of_text(const Encoding& encoding) {
  const std::optional<uint32_t> id = encoding.end_of_text();
  if (!id) throw nb::key_error(fmt::format("{} has no end-of-text token", encoding.name()).c_str());
  return *id;
}

void add_decoding(nb::class_<Encoding>& type) {
  type.def(
      "decode_bytes", [](const Encoding& e, nb::handle tokens) { return bytes_of(decoded(e, ids_of(tokens))); },
      nb::arg("tokens"), "The bytes of ids. Raises KeyError for what is no token.");
  type.def(
      "decode",
      [](const Encoding& e, nb::handle tokens, const std::string& errors) {
        return str_of(decoded(e, ids_of(tokens)), errors);
      },
      nb::arg("tokens"), nb::arg("errors") = "replace",
      "The text of ids; `errors` is bytes.decode()'s: what becomes of bytes that are not UTF-8.");
  type.def(
      "decode_single_token_bytes", [](const Encoding& e, uint32_t token) { return bytes_of(token_bytes(e, token)); },
      nb::arg("token"), "The bytes of one token.");
  type.def(
      "decode_tokens_bytes",
      [](const Encoding& e, nb::handle tokens) {
        nb::list out;
        for (const uint32_t id : ids_of(tokens)) out.append(bytes_of(token_bytes(e, id)));
        return out;
      },
      nb::arg("tokens"), "The bytes of each token.");
  type.def("decode_with_offsets", &decode_with_offsets, nb::arg("tokens"),
           "The text of ids, and in it the place of each token's first character.");
  type.def(
      "decode_batch",
      [](const Encoding& e, nb::handle batch, const std::string& errors, int) {
        nb::list out;
        for (const nb::handle tokens : batch) out.append(str_of(decoded(e, ids_of(tokens)), errors));
        return out;
      },
      nb::arg("batch"), nb::kw_only(), nb::arg("errors") = "replace", nb::arg("num_threads") = 0,
      "decode() of each list of ids.");
  type.def(
      "decode_bytes_batch",
      [](const Encoding& e, nb::handle batch, int) {
        nb::list out;
        for (const nb::handle tokens : batch) out.append(bytes_of(decoded(e, ids_of(tokens))));
        return out;
      },
      nb::arg("batch"), nb::kw_only(), nb::arg("num_threads") = 0, "decode_bytes() of each list of ids.");
}

nb::list token_byte_values(const Encoding& encoding) {
  std::vector<std::string_view> tokens;
  for (uint32_t id = 0; id < encoding.vocabulary().token_count(); ++id) {
    if (!encoding.vocabulary().token(id).empty()) tokens.push_back(encoding.vocabulary().token(id));
  }
  std::sort(tokens.begin(), tokens.end());
  nb::list out;
  for (const std::string_view token : tokens) out.append(bytes_of(token));
  return out;
}

void add_properties(nb::class_<Encoding>& type) {
  type.def_prop_ro(
      "name", [](const Encoding& e) { return e.name(); }, "The name of the vocabulary.");
  type.def_prop_ro("n_vocab", &Encoding::n_vocab, "How many ids there are: the largest and one.");
  type.def_prop_ro(
      "max_token_value", [](const Encoding& e) { return e.n_vocab() - 1; }, "The largest id.");
  type.def_prop_ro("eot_token", &end_of_text, "The id of the end-of-text token. Raises KeyError where there is none.");
  type.def_prop_ro("special_tokens_set", &special_set, "The texts of the special tokens.");
  type.def_prop_ro(
      "sha256", [](const Encoding& e) { return e.digest(); }, "SHA-256 of the ranks, in canonical .tiktoken form.");
  type.def_prop_ro(
      "pattern", [](const Encoding& e) { return std::string(pattern_name(e.vocabulary().pattern)); },
      "How texts are cut before they are encoded: cl100k, gpt2, ...");
  type.def(
      "is_special_token",
      [](const Encoding& e, const nb::int_& token) {
        uint32_t id = 0;
        return nb::try_cast(token, id) && e.is_special(id);
      },
      nb::arg("token"), "Whether an id is a special token's.");
  type.def("token_byte_values", &token_byte_values, "The bytes of all tokens but the special ones, sorted.");
}

}  // namespace

void add_encoding(nb::module_& module) {
  nb::class_<Encoding> type(
      module, "Encoding",
      "A vocabulary that encodes and decodes, with tiktoken's methods. Thread-safe; long texts are "
      "encoded without the interpreter's lock.");
  module.def("_names_of_same_ranks", &names_of_same_ranks, nb::arg("name"));
  const nb::frozenset none = nb::steal<nb::frozenset>(PyFrozenSet_New(nullptr));
  type.def("encode_ordinary", &encode_ordinary<false>, nb::arg("text"),
           "The ids of a text, in which special tokens are plain text.");
  type.def("encode_ordinary_to_numpy", &encode_ordinary<true>, nb::arg("text"), "encode_ordinary() as a numpy array.");
  type.def("encode", &encode<false>, nb::arg("text"), nb::kw_only(), nb::arg("allowed_special").none() = none,
           nb::arg("disallowed_special").none() = "all", nb::arg("add_special_tokens") = true,
           "The ids of a text. Texts of special tokens become these tokens where allowed_special names them (a set, or "
           "\"all\"); texts that disallowed_special names (of special tokens or others; \"all\": the special tokens "
           "that are "
           "not allowed) raise ValueError where they occur; add_special_tokens adds what the vocabulary puts "
           "around every text.");
  type.def("encode_to_numpy", &encode<true>, nb::arg("text"), nb::kw_only(), nb::arg("allowed_special").none() = none,
           nb::arg("disallowed_special").none() = "all", nb::arg("add_special_tokens") = true,
           "encode() as a numpy array.");
  type.def("encode_ordinary_batch", &encode_ordinary_batch, nb::arg("text"), nb::kw_only(), nb::arg("num_threads") = 0,
           "encode_ordinary() of each text, in parallel; num_threads 0: all cores.");
  type.def("encode_ordinary_batch_to_numpy", &encode_ordinary_batch_to_numpy, nb::arg("text"), nb::kw_only(),
           nb::arg("num_threads") = 0,
           "All ids in one array, and where each text begins in it (one more than there are texts).");
  type.def("encode_batch", &encode_batch, nb::arg("text"), nb::kw_only(), nb::arg("num_threads") = 0,
           nb::arg("allowed_special").none() = none, nb::arg("disallowed_special").none() = "all",
           nb::arg("add_special_tokens") = true, "encode() of each text, in parallel; num_threads 0: all cores.");
  type.def("encode_single_token", &encode_single_token, nb::arg("text_or_bytes"),
           "The id of a text that is one token, special ones included. Raises KeyError where it is not.");
  type.def(
      "count",
      [](const Encoding& e, nb::handle text) {
        const TextArgument argument(text);
        size_t count = 0;
        run(argument.view().size(), [&] { count = e.count(argument.view()); });
        return count;
      },
      nb::arg("text"), "How many ids encode_ordinary(text) has.");
  add_encoding_files(type);
  add_decoding(type);
  add_properties(type);
}

}  // namespace ftok::python
