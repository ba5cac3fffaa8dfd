// ftok.extract: a page to its main text and its own fields.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "core/error.h"
#include "core/nearest_name.h"
#include "core/utf8.h"
#include "crawl/charset.h"
#include "extract/extract.h"
#include "python/binding.h"

namespace ftok::python {
namespace {

// Sets options by name from Python's keyword arguments; ExtractOptions::visit lists them.
class KeywordReader : public OptionVisitor {
 public:
  explicit KeywordReader(const nb::kwargs& keywords) : keywords_(keywords) {}

  void field(std::string_view key, bool& value, std::string_view) override { take(key, value); }
  void field(std::string_view key, int64_t& value, std::string_view) override { take(key, value); }
  void field(std::string_view key, double& value, std::string_view) override { take(key, value); }
  void field(std::string_view key, std::string& value, std::string_view) override { take(key, value); }
  void field(std::string_view key, std::vector<std::string>&, std::string_view) override { known_.emplace_back(key); }
  void field(std::string_view key, std::map<std::string, double>&, std::string_view) override {
    known_.emplace_back(key);
  }
  void choice(std::string_view key, std::string& value, const std::vector<std::string>& choices,
              std::string_view) override {
    take(key, value);
    if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
      throw nb::value_error(
          fmt::format("{}: got '{}', expected one of {}", key, value, fmt::join(choices, ", ")).c_str());
    }
  }

  void finish() const {
    for (const auto& [key, value] : keywords_) {
      const std::string name = nb::cast<std::string>(key);
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      const std::string nearest = nearest_name(name, known_);
      throw nb::type_error(fmt::format("extract() has no option '{}'{}", name,
                                       nearest.empty() ? "" : "; the nearest is '" + nearest + "'")
                               .c_str());
    }
  }

 private:
  template <typename T>
  void take(std::string_view key, T& value) {
    known_.emplace_back(key);
    const std::string name(key);
    if (!keywords_.contains(name.c_str())) return;
    const nb::object given = nb::borrow(keywords_[name.c_str()]);
    if (!nb::try_cast(given, value)) throw nb::type_error(fmt::format("{}: of the wrong type", key).c_str());
  }

  const nb::kwargs& keywords_;
  std::vector<std::string> known_;
};

// A page: what ftok.extract returns.
struct Page {
  std::string text, url, charset, drop_reason;
  html::Metadata metadata;
};

// A str is a page's text; bytes are decoded as a browser would: byte-order mark, `content_type`, <meta>, else a guess.
Page extract_page(nb::handle html, const std::optional<std::string>& address,
                  const std::optional<std::string>& content_type, const nb::kwargs& keywords) {
  const std::string url = address.value_or("");
  ExtractOptions options;
  KeywordReader reader(keywords);
  options.visit(reader);
  reader.finish();
  check_options(options);
  const TextArgument argument(html);
  const bool is_bytes = PyBytes_Check(html.ptr());
  const nb::gil_scoped_release released;
  Page page;
  std::string decoded;
  std::string_view text = argument.view();
  page.charset = "UTF-8";
  if (is_bytes) {
    page.charset = choose_charset(text, content_type.value_or("")).encoding;
    decode_text(page.charset, text, decoded);
    text = decoded;
  }
  ExtractResult result = extract(text, options, url);
  page.text = std::move(result.text);
  page.metadata = std::move(result.metadata);
  if (result.drop_reason != nullptr) page.drop_reason = result.drop_reason;
  page.url = url;
  return page;
}

// All of a page: what is pickled.
std::vector<std::string*> texts_of(Page& page) {
  html::Metadata& m = page.metadata;
  return {&page.text,   &page.url,        &page.charset,    &page.drop_reason, &m.title,   &m.author,        &m.site,
          &m.published, &m.html_language, &m.canonical_url, &m.description,    &m.license, &m.license_source};
}

std::vector<std::string> state_of(Page& page) {
  std::vector<std::string> state;
  for (const std::string* text : texts_of(page)) state.push_back(*text);
  return state;
}

Page of_state(const std::vector<std::string>& state) {
  Page page;
  const std::vector<std::string*> texts = texts_of(page);
  if (state.size() != texts.size()) throw nb::value_error("a Page of another version of ftok");
  for (size_t i = 0; i < texts.size(); ++i) *texts[i] = state[i];
  return page;
}

}  // namespace

void add_extract(nb::module_& module) {
  nb::class_<Page> type(module, "Page",
                        "The main text of a page, and what the page says of itself; empty where it says nothing.");
  type.def_ro("text", &Page::text, "The main text.");
  type.def_ro("url", &Page::url, "The address, as it was given.");
  type.def_ro("charset", &Page::charset, "The encoding that the bytes were decoded from.");
  type.def_prop_ro(
      "drop_reason",
      [](const Page& page) -> nb::object {
        return page.drop_reason.empty() ? nb::none() : nb::object(nb::str(page.drop_reason.c_str()));
      },
      "Why the page has no text; None where it has one.");
  type.def_prop_ro(
      "title", [](const Page& page) { return page.metadata.title; }, "Its title.");
  type.def_prop_ro(
      "author", [](const Page& page) { return page.metadata.author; }, "Who wrote it.");
  type.def_prop_ro(
      "site", [](const Page& page) { return page.metadata.site; }, "The name of the site.");
  type.def_prop_ro(
      "published", [](const Page& page) { return page.metadata.published; }, "When it was published, as it says.");
  type.def_prop_ro(
      "language", [](const Page& page) { return page.metadata.html_language; }, "The language that it states (lang).");
  type.def_prop_ro(
      "canonical_url", [](const Page& page) { return page.metadata.canonical_url; },
      "The address that it gives itself.");
  type.def_prop_ro(
      "description", [](const Page& page) { return page.metadata.description; }, "How it describes itself.");
  type.def_prop_ro(
      "license", [](const Page& page) { return page.metadata.license; }, "The licence that it states.");
  type.def_prop_ro(
      "license_source", [](const Page& page) { return page.metadata.license_source; },
      "Where on the page it states that.");
  type.def("__repr__", [](const Page& page) {
    return fmt::format("<ftok.Page {} characters, title {:?}>", utf8_length(page.text), page.metadata.title);
  });
  type.def("__getstate__", &state_of);
  type.def("__setstate__",
           [](Page& page, const std::vector<std::string>& state) { new (&page) Page(of_state(state)); });
  module.def("extract", &extract_page, nb::arg("html"), nb::arg("url").none() = "", nb::arg("content_type").none() = "",
             nb::arg("options"),
             "The main text of a page: a Page. bytes are decoded as a browser does; content_type is the HTTP header's. "
             "Options are those of `ftok recipe show`, [extract].");
}

}  // namespace ftok::python
