// The page of `ftok view` as one file: with the answers in it that a reader without a server can ask for.
#include <fmt/format.h>
#include <simdjson.h>

#include <set>
#include <string>
#include <vector>

#include "core/base64.h"
#include "core/error.h"
#include "core/json.h"
#include "view/page.h"
#include "view/run_look.h"
#include "view/view_answers.h"

namespace ftok {
namespace {

constexpr size_t kExplainedOfAList = 3;                  // of each list of documents, the first
constexpr size_t kExplainedBytesMax = size_t{16} << 20;  // of all of them
constexpr size_t kExportedBytesMax = size_t{512} << 10;  // of one: a file to send holds no page of a megabyte

// As encodeURIComponent, for the addresses that the page asks for.
std::string uri_component(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          std::string_view("-_.!~*'()").find(c) != std::string_view::npos;
    out += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string text_of(simdjson::dom::element object, const char* name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

uint64_t number_of(simdjson::dom::element object, const char* name) {
  uint64_t number = 0;
  return object[name].get(number) == simdjson::SUCCESS ? number : 0;
}

}  // namespace

class ViewExport {
 public:
  explicit ViewExport(const ViewAnswers& answers) : answers_(answers) {
    json_.begin_object().key("api/overview").raw(answers.overview());
  }

  std::string data() {
    const ViewContents& contents = answers_.options_;
    if (!contents.text.empty()) {
      for (const std::string& name : contents.shown) {
        add(fmt::format("api/encode?vocab={}&specials=plain", uri_component(name)),
            {"api/encode", {{"vocab", name}}, contents.text});
      }
    }
    for (size_t i = 0; i < contents.folders.size(); ++i) {
      switch (contents.folders[i].kind) {
        case ViewFolder::Kind::kTraining: add(address("api/training", i), request("api/training", i)); break;
        case ViewFolder::Kind::kMeasures: add_measures(i); break;
        case ViewFolder::Kind::kRun: add_run(i); break;
      }
    }
    return json_.end_object().take();
  }

 private:
  static std::string address(const char* path, size_t folder) { return fmt::format("{}?folder={}", path, folder); }

  static ViewRequest request(const char* path, size_t folder) {
    return {path, {{"folder", std::to_string(folder)}}, ""};
  }

  // The answer, under the address by which the page asks for it. False where there is none; once each.
  bool try_add(const std::string& asked, const ViewRequest& request, size_t bytes_max = SIZE_MAX) {
    if (added_.contains(asked)) return true;
    const ViewAnswer given = answers_.answer(request);
    last_ = given.body;
    if (given.status != 200 || given.body.size() > bytes_max) return false;
    added_.insert(asked);
    json_.key(asked);
    std::string_view(given.type) == "application/json" ? json_.raw(given.body) : json_.value(base64(given.body));
    return true;
  }

  void add(const std::string& asked, const ViewRequest& request) {
    if (try_add(asked, request)) return;
    simdjson::dom::parser parser;
    throw Error("--export: " + text_of(parser.parse(last_), "error"));
  }

  // What the changed thresholds give, and the documents next to every threshold.
  void add_measures(size_t folder) {
    add(address("api/measures", folder), request("api/measures", folder));
    simdjson::dom::parser parser;
    const std::string measures = last_;
    std::string changes;
    for (const std::string& change : answers_.options_.changes) changes += (changes.empty() ? "" : "\n") + change;
    ViewRequest what_if = request("api/whatif", folder);
    what_if.body = changes;
    if (!changes.empty()) add(address("api/whatif", folder) + "\n" + changes, what_if);
    for (const simdjson::dom::element rule : parser.parse(measures)["rules"].get_array()) {
      const std::string name = text_of(rule, "rule");
      if (text_of(rule, "key").empty()) continue;
      what_if.parameters["rule"] = name;
      // A rule that no document reaches has none next to it.
      try_add(fmt::format("{}&rule={}\n{}", address("api/whatif", folder), uri_component(name), changes), what_if);
    }
  }

  // The funnel, and the first documents: those kept, and of each reason.
  void add_run(size_t folder) {
    const RunLook& look = answers_.look(folder);
    look.scan().wait();
    add(address("api/run", folder), request("api/run", folder));
    add_documents(folder, "kept", "");
    add_documents(folder, "dropped", "");
    for (const auto& [reason, count] : look.folder().facts()->tally.dropped) add_documents(folder, "dropped", reason);
  }

  void add_documents(size_t folder, const std::string& kind, const std::string& reason) {
    ViewRequest asked = request("api/documents", folder);
    asked.parameters["kind"] = kind;
    asked.parameters["reason"] = reason;
    add(fmt::format("{}&kind={}&reason={}&at=0", address("api/documents", folder), kind, uri_component(reason)), asked);
    simdjson::dom::parser parser;
    size_t explained = 0;
    const std::string listed = last_;
    for (const simdjson::dom::element document : parser.parse(listed)["documents"].get_array()) {
      if (explained++ == kExplainedOfAList || explained_bytes_ > kExplainedBytesMax) break;
      add_document(folder, document);
      if (const std::string original = text_of(document, "duplicate_of"); !original.empty())
        add_original(folder, original);
    }
  }

  // Its whole text, and every rule's value.
  void add_document(size_t folder, simdjson::dom::element document) {
    for (const char* const path : {"api/document", "api/explain"}) {
      ViewRequest asked = request(path, folder);
      std::string place = address(path, folder);
      for (const char* const name : {"kind", "part", "row"}) {
        asked.parameters[name] =
            std::string_view(name) == "kind" ? text_of(document, name) : std::to_string(number_of(document, name));
        place += fmt::format("&{}={}", name, asked.parameters[name]);
      }
      if (try_add(place, asked, kExportedBytesMax)) explained_bytes_ += last_.size();
    }
  }

  // The document that one repeats.
  void add_original(size_t folder, const std::string& id) {
    ViewRequest asked = request("api/find", folder);
    asked.parameters["text"] = id;
    if (!try_add(fmt::format("{}&text={}&anywhere=0&from=", address("api/find", folder), uri_component(id)), asked))
      return;
    simdjson::dom::parser parser;
    const std::string found = last_;
    for (const simdjson::dom::element document : parser.parse(found)["documents"].get_array()) {
      if (text_of(document, "id") == id) return add_document(folder, document);
    }
  }

  const ViewAnswers& answers_;
  JsonWriter json_;
  std::set<std::string> added_;
  std::string last_;  // what was answered last
  size_t explained_bytes_ = 0;
};

std::string ViewAnswers::exported() const { return view_page("", ViewExport(*this).data()); }

}  // namespace ftok
