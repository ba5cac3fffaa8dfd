// ftok.PretokenCounts and training.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "python/binding.h"
#include "tokenizer/bpe_train.h"
#include "tokenizer/encoding.h"

namespace ftok::python {
namespace {

// Counts with the pattern they were cut by.
struct Counts {
  explicit Counts(const std::string& name) : pattern(PretokenPattern::parse(name)) {}

  PretokenPattern pattern;
  PretokenCounts counts;
};

// `texts`: a str or bytes, or an iterable of them.
void add(Counts& self, nb::handle texts, uint64_t weight) {
  if (weight == 0) throw nb::value_error("weight: expected 1 or more");
  const auto add_one = [&](nb::handle text) {
    const TextArgument argument(text);
    if (argument.view().empty()) return;  // the interpreter's lock stays held: it guards the counts
    self.counts.add_text(argument.view(), self.pattern, weight);
  };
  if (PyUnicode_Check(texts.ptr()) || PyBytes_Check(texts.ptr())) return add_one(texts);
  for (const nb::handle text : texts) add_one(text);
}

void merge(Counts& self, const Counts& other) {
  if (self.pattern.text() != other.pattern.text())
    throw nb::value_error("counts of different patterns cannot be merged");
  self.counts.merge(other.counts);
}

Encoding train(const Counts& self, uint32_t size, const std::string& name,
               const std::vector<std::string>& special_tokens, uint64_t min_count, uint32_t longest_token) {
  if (size < 256 || size > kVocabularyTokensMax) throw nb::value_error("size: expected 256 to 2^21 ranks");
  const nb::gil_scoped_release released;
  BpeTrainOptions options;
  options.size = size;
  options.count_min = min_count;
  options.token_bytes_max = longest_token;
  return Encoding(make_vocabulary(train_bpe(self.counts, options), name, self.pattern, special_tokens));
}

nb::dict as_dict(const Counts& self) {
  std::vector<CountedPretoken> sorted;
  sorted.reserve(self.counts.size());
  self.counts.for_each([&](std::string_view pretoken, uint64_t count) { sorted.push_back({pretoken, count}); });
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.pretoken < b.pretoken; });
  nb::dict out;
  for (const auto& [pretoken, count] : sorted) out[nb::bytes(pretoken.data(), pretoken.size())] = count;
  return out;
}

}  // namespace

void add_training(nb::module_& module) {
  nb::class_<Counts>(module, "PretokenCounts", "How often each pretoken occurs: what a vocabulary is trained on.")
      .def(nb::init<const std::string&>(), nb::arg("pattern") = "cl100k")
      .def("add", &add, nb::arg("texts"), nb::arg("weight") = 1, "Counts a text, or several.")
      .def("merge", &merge, nb::arg("other"), "Adds the counts of another.")
      .def("train", &train, nb::arg("size"), nb::kw_only(), nb::arg("name") = "trained",
           nb::arg("special_tokens") = std::vector<std::string>{}, nb::arg("min_count") = 2,
           nb::arg("longest_token") = 64,
           "An Encoding of `size` ranks, the 256 bytes included; special tokens come on top.")
      .def("to_dict", &as_dict, "A dict of pretokens, as bytes, and their counts.")
      .def("__len__", [](const Counts& self) { return self.counts.size(); })
      .def("__getitem__",
           [](const Counts& self, nb::handle text) { return self.counts.count(TextArgument(text).view()); })
      .def_prop_ro(
          "total", [](const Counts& self) { return self.counts.total(); }, "How many pretokens were counted.");
}

}  // namespace ftok::python
