#include "view/view_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "core/error.h"
#include "core/json.h"
#include "core/shown.h"
#include "core/utf8.h"
#include "pipeline/whatif.h"
#include "tokenizer/chat.h"
#include "view/explain_answers.h"
#include "view/run_look.h"
#include "view/token_answers.h"
#include "view/whatif_answers.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

ViewAnswer error_answer(int status, const std::string& why) {
  return {status, JsonWriter().begin_object().field("error", why).end_object().text()};
}

}  // namespace

ViewFolder view_folder(const std::string& path) {
  std::error_code code;
  if (fs::is_regular_file(path, code)) {
    refuse_measured_table(path);
    if (fs::exists(recipe_path_of_measures(path), code))
      return {fs::path(path).filename().string(), path, ViewFolder::Kind::kMeasures};
    throw UsageError(fmt::format("{}: expected a folder, or what `ftok run --measure` wrote with {} beside it", path,
                                 recipe_path_of_measures(path)));
  }
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

TalkRequest talk_request(const ViewRequest& request) {
  TalkRequest asked;
  asked.prompt = request.body;
  asked.is_conversation = request.parameter("chat") == "1";
  asked.seed = view_number(request, "seed", 1);
  if (const std::string text = request.parameter("temperature"); !text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), asked.temperature);
    const bool is_number = error == std::errc() && end == text.data() + text.size();
    if (!is_number || !(asked.temperature >= 0 && asked.temperature <= 10))
      throw ViewRefusal{400, "temperature: expected 0 to 10"};
  }
  const std::string so_far = request.parameter("so_far");
  for (size_t at = 0; at < so_far.size();) {
    const size_t end = std::min(so_far.find(',', at), so_far.size());
    ViewRequest id;
    id.parameters = {{"so_far", so_far.substr(at, end - at)}};
    const uint64_t number = view_number(id, "so_far", UINT32_MAX);
    if (number >= UINT32_MAX) throw ViewRefusal{400, "so_far: expected ids"};
    asked.so_far.push_back(static_cast<uint32_t>(number));
    at = end + 1;
  }
  return asked;
}

void write_bins(JsonWriter& json, const ValueHistogram& histogram) {
  json.begin_array();
  for (const ValueHistogram::Bin& bin : histogram.bins())
    json.begin_array().value(bin.low).value(bin.high).value(bin.count).end_array();
  json.end_array();
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

ViewAnswers::ViewAnswers(ViewContents options) : options_(std::move(options)) {}

ViewAnswers::~ViewAnswers() = default;

size_t ViewAnswers::folder(const ViewRequest& request, ViewFolder::Kind kind) const {
  const uint64_t place = view_number(request, "folder", options_.folders.size());
  if (place >= options_.folders.size() || options_.folders[place].kind != kind)
    throw ViewRefusal{404, "there is no such folder"};
  return place;
}

RunLook& ViewAnswers::look(size_t place) const {
  const std::lock_guard lock(looks_mutex_);
  std::unique_ptr<RunLook>& look = looks_[place];
  if (!look) look = std::make_unique<RunLook>(options_.folders[place].path);
  return *look;
}

WhatIfAnswers& ViewAnswers::measures(size_t place) const {
  const std::lock_guard lock(looks_mutex_);
  std::unique_ptr<WhatIfAnswers>& answers = measures_[place];
  if (!answers) answers = std::make_unique<WhatIfAnswers>(options_.folders[place].path);
  return *answers;
}

size_t ViewAnswers::run_of(size_t place) const {
  const std::string recipe = measures(place).content();
  for (size_t i = 0; i < options_.folders.size(); ++i) {
    if (options_.folders[i].kind == ViewFolder::Kind::kRun && look(i).folder().facts()->recipe == recipe) return i;
  }
  return options_.folders.size();
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
  constexpr const char* kKinds[] = {"training", "run", "measures"};
  for (size_t i = 0; i < options_.folders.size(); ++i) {
    const ViewFolder& folder = options_.folders[i];
    json.begin_object().field("name", folder.name).field("kind", kKinds[static_cast<size_t>(folder.kind)]);
    if (folder.kind == ViewFolder::Kind::kMeasures) json.field("run", uint64_t{run_of(i)});
    json.end_object();
  }
  json.end_array().key("changes").begin_array();
  for (const std::string& change : options_.changes) json.value(change);
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

ViewAnswer ViewAnswers::of_run(const ViewRequest& request) const {
  const size_t place = folder(request, ViewFolder::Kind::kRun);
  RunLook& look = this->look(place);
  if (request.path == "api/run") return {200, look.run()};
  if (request.path == "api/find") {
    return {200, look.find(request.parameter("text"), request.parameter("anywhere") == "1", request.parameter("from"))};
  }
  const RunPlace document = run_place(request);
  if (request.path == "api/documents")
    return {200, look.documents(document.is_kept, request.parameter("reason"), view_number(request, "at", 0))};
  if (request.path == "api/document") return {200, look.document(document)};
  RunExplain* explain = nullptr;
  {
    const std::lock_guard lock(looks_mutex_);
    std::unique_ptr<RunExplain>& made = explains_[place];
    if (!made) made = std::make_unique<RunExplain>(look, options_.inputs, options_.stages);
    explain = made.get();
  }
  return {200, explain->answer(document)};
}

ViewAnswer ViewAnswers::of_measures(const ViewRequest& request) const {
  WhatIfAnswers& answers = measures(folder(request, ViewFolder::Kind::kMeasures));
  if (request.path == "api/measures") return {200, answers.spreads()};
  return {200, answers.what_if(request.body, request.parameter("rule"))};
}

ViewAnswer ViewAnswers::of_training(const ViewRequest& request) const {
  const std::string& path = options_.folders[folder(request, ViewFolder::Kind::kTraining)].path;
  if (request.path == "api/training") return {200, training_answer(path, view_number(request, "from", 0))};
  ModelTalk* talk = nullptr;
  {
    const std::lock_guard lock(looks_mutex_);
    std::unique_ptr<ModelTalk>& made = talks_[folder(request, ViewFolder::Kind::kTraining)];
    if (!made) made = std::make_unique<ModelTalk>(path, options_.models);
    talk = made.get();
  }
  if (request.path == "api/model") return {200, talk->about()};
  const TalkRequest asked = talk_request(request);
  return {200, request.path == "api/next" ? talk->next(asked) : talk->talk(asked)};
}

ViewAnswer ViewAnswers::answer(const ViewRequest& request) const {
  try {
    if (request.path == "api/overview") return {200, overview()};
    if (request.path == "api/encode") return encode(request);
    if (request.path == "api/chat") return chat(request);
    for (const char* const path : {"api/training", "api/model", "api/next", "api/talk"}) {
      if (request.path == path) return of_training(request);
    }
    if (request.path == "api/measures" || request.path == "api/whatif") return of_measures(request);
    for (const char* const path : {"api/run", "api/documents", "api/document", "api/find", "api/explain"}) {
      if (request.path == path) return of_run(request);
    }
    return error_answer(404, "there is no such page");
  } catch (const ViewRefusal& refusal) {
    return error_answer(refusal.status, refusal.why);
  } catch (const Error& error) {
    return error_answer(400, hide_secrets(error.what()));
  }
}

}  // namespace ftok
