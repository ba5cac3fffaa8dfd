// ftok.Encoding: loading, saving, and what is pickled.
#include <fmt/format.h>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/file.h"
#include "python/binding.h"
#include "tokenizer/encoding.h"
#include "tokenizer/piece_form.h"
#include "tokenizer/pretokens/own_pattern.h"

namespace ftok::python {
namespace {

Encoding load(const std::string& path, const std::optional<std::string>& pattern, const nb::dict& special_tokens,
              const std::optional<std::string>& published) {
  VocabularyHints hints;
  if (published && names_of_same_ranks(*published).empty()) {
    throw nb::value_error(fmt::format("name '{}': no published vocabulary is called so", *published).c_str());
  }
  hints.name = published.value_or("");
  if (pattern) {
    hints.pattern = pattern_of_name(*pattern);
    if (!hints.pattern)
      throw nb::value_error(
          fmt::format("pattern '{}': expected one of {}", *pattern, fmt::join(pattern_names(), ", ")).c_str());
  }
  for (const auto& [name, id] : special_tokens)
    hints.specials.push_back({nb::cast<std::string>(name), nb::cast<uint32_t>(id)});
  std::optional<Encoding> encoding;
  {
    const nb::gil_scoped_release released;
    encoding.emplace(Encoding::load(path, hints));
  }
  for (const std::string& warning : encoding->vocabulary().warnings) {
    if (PyErr_WarnEx(PyExc_UserWarning, warning.c_str(), 2) != 0) throw nb::python_error();
  }
  return std::move(*encoding);
}

// A str, bytes or os.PathLike.
std::string path_of(nb::handle path) {
  const nb::object name = nb::module_::import_("os").attr("fsencode")(path);
  return {PyBytes_AS_STRING(name.ptr()), static_cast<size_t>(PyBytes_GET_SIZE(name.ptr()))};
}

void save(const Encoding& encoding, nb::handle file) {
  const std::string path = path_of(file);
  const Vocabulary& vocabulary = encoding.vocabulary();
  if (path.ends_with(".json")) {
    if (vocabulary.own_pattern != nullptr &&
        PyErr_WarnEx(
            PyExc_UserWarning,
            "a tokenizer.json with a pattern of its own is for other programs: ftok reads it back from .tiktoken",
            2) != 0)
      throw nb::python_error();
    write_output(path, format_tokenizer_json(vocabulary));
    return;
  }
  const std::optional<Vocabulary> implied = with_implied_merges(vocabulary);
  if (path.ends_with(".tiktoken") && implied && !vocabulary.normalize_nfc) {
    if (vocabulary.surrounds_texts() &&
        PyErr_WarnEx(PyExc_UserWarning, "the tokens around every text are left out: .tiktoken cannot say them", 2) != 0)
      throw nb::python_error();
    write_vocabulary(*implied, path);
  } else {
    throw nb::value_error(
        "expected NAME.tiktoken (not for a vocabulary with merges or a normalizer of its own) or NAME.json");
  }
}

// All that an encoding is made of, and one made of it: what is pickled.
nb::tuple state_of(const Encoding& encoding) {
  const Vocabulary& v = encoding.vocabulary();
  if (v.pieces != nullptr) return nb::make_tuple(v.name, nb::bytes(v.pieces->json.data(), v.pieces->json.size()));
  nb::list specials;
  for (const SpecialToken& each : v.specials)
    specials.append(
        nb::make_tuple(nb::str(each.text.data(), each.text.size()), each.id, each.special, each.normalized));
  std::vector<uint32_t> merges;
  for (const Vocabulary::Merge& merge : v.merges) merges.insert(merges.end(), {merge.left, merge.right, merge.id});
  const auto numbers = [](const std::vector<uint32_t>& values) {
    return nb::bytes(values.data(), values.size() * sizeof(uint32_t));
  };
  return nb::make_tuple(v.name, pattern_name(v.pattern), v.own_pattern == nullptr ? "" : v.own_pattern->text(),
                        specials, v.digest, nb::bytes(v.bytes.data(), v.bytes.size()), numbers(v.offsets),
                        numbers(merges), v.whole_pretoken_first, v.normalize_nfc, numbers(v.before_text),
                        numbers(v.after_text));
}

Encoding of_state(const nb::tuple& state) {
  const auto text = [&](size_t i) { return nb::cast<std::string>(state[i]); };
  const auto bytes = [&](size_t i) {
    const auto value = nb::cast<nb::bytes>(state[i]);
    return std::string_view(value.c_str(), value.size());
  };
  const auto numbers = [&](size_t i) {
    std::vector<uint32_t> values(bytes(i).size() / sizeof(uint32_t));
    std::memcpy(values.data(), bytes(i).data(), values.size() * sizeof(uint32_t));
    return values;
  };
  if (state.size() == 2) {
    Vocabulary vocabulary = parse_tokenizer_json(bytes(1), text(0));
    vocabulary.name = text(0);
    return Encoding(std::move(vocabulary));
  }
  Vocabulary v;
  v.name = text(0);
  v.pattern = pattern_of_name(text(1)).value_or(Pattern::kOwn);
  if (v.pattern == Pattern::kOwn) v.own_pattern = std::make_shared<const OwnPattern>(text(2));
  for (const nb::handle each : state[3]) {
    v.specials.push_back({nb::cast<std::string>(each[0]), nb::cast<uint32_t>(each[1]), nb::cast<bool>(each[2]),
                          nb::cast<bool>(each[3])});
  }
  v.digest = text(4);
  v.bytes = bytes(5);
  v.offsets = numbers(6);
  const std::vector<uint32_t> merges = numbers(7);
  for (size_t i = 0; i + 2 < merges.size(); i += 3) v.merges.push_back({merges[i], merges[i + 1], merges[i + 2]});
  v.whole_pretoken_first = nb::cast<bool>(state[8]);
  v.normalize_nfc = nb::cast<bool>(state[9]);
  v.before_text = numbers(10);
  v.after_text = numbers(11);
  return Encoding(std::move(v));
}

}  // namespace

void add_encoding_files(nb::class_<Encoding>& type) {
  type.def_static("_load", &load, nb::arg("path"), nb::arg("pattern").none(), nb::arg("special_tokens"),
                  nb::arg("name").none());
  type.def("save", &save, nb::arg("path"), "Writes V.tiktoken (with a sidecar V.json), or V.json, a tokenizer.json.");
  type.def("_state", &state_of);
  type.def_static("_of_state", &of_state, nb::arg("state"));
}

}  // namespace ftok::python
