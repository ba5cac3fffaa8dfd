#include "view/view_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "core/error.h"
#include "core/json.h"
#include "core/utf8.h"
#include "tokenizer/chat.h"
#include "view/page.h"
#include "view/token_answers.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

ViewAnswer error_answer(int status, const std::string& why) {
  return {status, JsonWriter().begin_object().field("error", why).end_object().text()};
}

// RFC 4648, section 4.
std::string base64(std::string_view bytes) {
  static constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - at);
    uint32_t word = 0;
    for (size_t i = 0; i < 3; ++i) word = word << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0);
    for (size_t i = 0; i < 4; ++i) out += i <= count ? kLetters[word >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

}  // namespace

ViewFolder view_folder(const std::string& path) {
  std::error_code code;
  if (!fs::is_directory(path, code)) throw UsageError(fmt::format("{}: no such folder", path));
  std::string name = fs::path(path).filename().string();
  if (name.empty() || name == ".") name = fs::weakly_canonical(path, code).filename().string();
  if (fs::exists(path + "/log.jsonl", code)) return {name, path, ViewFolder::Kind::kTraining};
  if (fs::exists(path + "/manifest.json", code) || fs::exists(path + "/binding.toml", code))
    return {name, path, ViewFolder::Kind::kRun};
  throw UsageError(
      fmt::format("{}: neither a training run (no log.jsonl) nor the output of ftok run or tokenize (no "
                  "manifest.json)",
                  path));
}

uint64_t view_number(const ViewRequest& request, const std::string& name, uint64_t otherwise) {
  const std::string text = request.parameter(name);
  if (text.empty()) return otherwise;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number >= uint64_t{1} << 53)
    throw ViewRefusal{400, name + ": expected a whole number"};
  return number;
}

std::shared_ptr<const Encoding> ViewAnswers::vocabulary(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  if (const auto at = loaded_.find(name); at != loaded_.end()) return at->second;
  for (const ViewVocabulary& known : options_.vocabularies) {
    if (known.name != name) continue;
    VocabularyHints hints;
    hints.name = known.published;
    return loaded_[name] = std::make_shared<const Encoding>(load_vocabulary(known.path, hints));
  }
  throw ViewRefusal{404, "there is no such vocabulary"};
}

const ViewFolder& ViewAnswers::folder(const ViewRequest& request, ViewFolder::Kind kind) const {
  const uint64_t place = view_number(request, "folder", options_.folders.size());
  if (place >= options_.folders.size() || options_.folders[place].kind != kind)
    throw ViewRefusal{404, "there is no such folder"};
  return options_.folders[place];
}

std::string ViewAnswers::overview() const {
  JsonWriter json;
  json.begin_object().key("vocabularies").begin_array();
  for (const ViewVocabulary& known : options_.vocabularies) json.value(known.name);
  json.end_array().key("shown").begin_array();
  for (const std::string& name : options_.shown) json.value(name);
  json.end_array().key("templates").begin_array();
  for (const std::string& name : chat_template_names()) json.value(name);
  json.end_array().key("folders").begin_array();
  for (const ViewFolder& folder : options_.folders) {
    json.begin_object().field("name", folder.name);
    json.field("kind", folder.kind == ViewFolder::Kind::kTraining ? "training" : "run").end_object();
  }
  return json.end_array().field("text", options_.text).end_object().take();
}

ViewAnswer ViewAnswers::encode(const ViewRequest& request) const {
  if (request.body.size() > kViewTextBytesMax) throw ViewRefusal{413, "the text is too long"};
  const std::string specials = request.parameter("specials");
  return {200,
          token_answer(*vocabulary(request.parameter("vocab")), request.body,
                       specials == "allow" ? Specials::kAllow : Specials::kPlain),
          "application/octet-stream"};
}

ViewAnswer ViewAnswers::chat(const ViewRequest& request) const {
  const std::optional<ChatTemplate> form = chat_template_of_name(request.parameter("template"));
  if (!form) throw ViewRefusal{404, "there is no such chat template"};
  if (request.body.size() > kViewTextBytesMax) throw ViewRefusal{413, "the conversation is too long"};
  const auto encoding = vocabulary(request.parameter("vocab"));
  return {200, chat_answer(*encoding, encode_chat(*encoding, *form, parse_chat(request.body, "conversation"))),
          "application/octet-stream"};
}

// What a page without a server can show: each vocabulary's tokens of the text, each folder as it is now.
std::string ViewAnswers::exported() const {
  JsonWriter json;
  json.begin_object().key("api/overview").raw(overview());
  const auto add = [&](const std::string& address, const ViewRequest& request) {
    const ViewAnswer given = answer(request);
    if (given.status != 200) throw Error(fmt::format("cannot export {}: {}", address, given.body));
    json.key(address);
    std::string_view(given.type) == "application/json" ? json.raw(given.body) : json.value(base64(given.body));
  };
  if (!options_.text.empty()) {
    for (const std::string& name : options_.shown)
      add(fmt::format("api/encode?vocab={}&specials=plain", name), {"api/encode", {{"vocab", name}}, options_.text});
  }
  for (size_t i = 0; i < options_.folders.size(); ++i) {
    const std::string place = std::to_string(i);
    if (options_.folders[i].kind == ViewFolder::Kind::kTraining) {
      add("api/training?folder=" + place, {"api/training", {{"folder", place}}, ""});
      continue;
    }
    add("api/run?folder=" + place, {"api/run", {{"folder", place}}, ""});
    for (const std::string kind : {"kept", "dropped"})
      add(fmt::format("api/documents?folder={}&kind={}", place, kind),
          {"api/documents", {{"folder", place}, {"kind", kind}}, ""});
  }
  return view_page("", json.end_object().text());
}

ViewAnswer ViewAnswers::answer(const ViewRequest& request) const {
  try {
    if (request.path == "api/overview") return {200, overview()};
    if (request.path == "api/encode") return encode(request);
    if (request.path == "api/chat") return chat(request);
    if (request.path == "api/training")
      return {200, training_answer(folder(request, ViewFolder::Kind::kTraining).path, view_number(request, "from", 0))};
    if (request.path == "api/run") return {200, run_answer(folder(request, ViewFolder::Kind::kRun).path)};
    if (request.path == "api/documents") {
      const std::string kind = request.parameter("kind");
      if (kind != "kept" && kind != "dropped") throw ViewRefusal{400, "kind: expected kept or dropped"};
      return {200, documents_answer(folder(request, ViewFolder::Kind::kRun).path, kind, request.parameter("reason"),
                                    view_number(request, "at", 0))};
    }
    return error_answer(404, "there is no such page");
  } catch (const ViewRefusal& refusal) {
    return error_answer(refusal.status, refusal.why);
  } catch (const Error& error) {
    return error_answer(400, error.what());
  }
}

}  // namespace ftok
