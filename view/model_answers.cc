#include "view/model_answers.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/json.h"
#include "tokenizer/chat.h"
#include "trainer/checkpoint.h"
#include "trainer/speaker.h"
#include "view/view_answers.h"

namespace ftok {

struct ModelTalk::Loaded {
  ModelFile model;
  std::optional<Encoding> encoding;
  std::optional<ModelChat> chat;
  std::unique_ptr<Speaker> speaker;
  std::unique_ptr<TokenPredictor> decoder;
  std::string checkpoint;  // the last one when it was read
};

namespace {

std::string last_checkpoint(const std::string& folder) {
  const std::vector<std::string> all = list_checkpoints(folder + "/checkpoints");
  return all.empty() ? "" : all.back();
}

}  // namespace

ModelTalk::ModelTalk(std::string folder, ModelFinders finders)
    : folder_(std::move(folder)), finders_(std::move(finders)) {}

ModelTalk::~ModelTalk() = default;

// The model as it is now: a run that goes on leaves others.
ModelTalk::Loaded& ModelTalk::load() {
  const std::string checkpoint = last_checkpoint(folder_);
  if (loaded_ && loaded_->checkpoint == checkpoint) return *loaded_;
  if (checkpoint.empty()) throw ViewRefusal{404, "there is no checkpoint yet"};
  auto loaded = std::make_unique<Loaded>();
  loaded->checkpoint = checkpoint;
  loaded->model = read_model(checkpoint, 0, {});
  if (finders_.encoding) loaded->encoding = finders_.encoding(loaded->model);
  if (!loaded->encoding) throw ViewRefusal{404, "the vocabulary of the model is not known"};
  if (finders_.chat) loaded->chat = finders_.chat(folder_);
  if (loaded->chat) loaded->speaker = std::make_unique<Speaker>(*loaded->encoding, *loaded->chat, loaded->model, "");
  loaded->decoder = make_cpu_decoder(loaded->model.config, loaded->model.parameters, 1);
  loaded_ = std::move(loaded);
  return *loaded_;
}

std::vector<uint32_t> ModelTalk::prompt(const Loaded& loaded, const TalkRequest& request) const {
  if (request.prompt.size() > kPromptBytesMax || request.so_far.size() > kSoFarMax)
    throw ViewRefusal{413, "the text is too long"};
  std::vector<uint32_t> ids;
  if (request.is_conversation) {
    if (!loaded.speaker) throw ViewRefusal{404, "the model has no chat template"};
    ids = loaded.speaker->prompt(parse_chat(request.prompt, "conversation"));
  } else {
    const auto begin = loaded.model.begin_of_text ? loaded.model.begin_of_text : loaded.encoding->end_of_text();
    if (begin) ids.push_back(*begin);
    loaded.encoding->encode_ordinary(request.prompt, ids);
  }
  ids.insert(ids.end(), request.so_far.begin(), request.so_far.end());
  if (ids.empty()) throw ViewRefusal{400, "expected a text"};
  for (const uint32_t id : ids) {
    if (id >= static_cast<uint64_t>(loaded.model.config.vocabulary_size))
      throw ViewRefusal{400, "the text has tokens that the model does not have"};
  }
  return ids;
}

std::string ModelTalk::about() {
  const std::lock_guard lock(mutex_);
  JsonWriter json;
  try {
    const Loaded& loaded = load();
    json.begin_object().field("there", true).field("chat", loaded.speaker != nullptr);
    json.field("vocabulary", loaded.encoding->name()).field("step", loaded.model.step);
    json.field("parameters", uint64_t{loaded.model.parameters.size()});
  } catch (const ViewRefusal& refusal) {
    json.begin_object().field("there", false).field("why", refusal.why);
  } catch (const Error& error) {
    json.begin_object().field("there", false).field("why", error.what());
  }
  return json.end_object().take();
}

std::string ModelTalk::next(const TalkRequest& request) {
  const std::lock_guard lock(mutex_);
  Loaded& loaded = load();
  const std::vector<uint32_t> ids = prompt(loaded, request);
  const size_t context = static_cast<size_t>(loaded.model.config.length);
  const std::span<const float> read = loaded.decoder->read(std::span(ids).last(std::min(ids.size(), context)));
  std::vector<float> logits(read.begin(), read.end());
  leave_out_no_tokens(logits, &*loaded.encoding);
  JsonWriter json;
  json.begin_object().key("tokens").begin_array();
  const double temperature = request.temperature > 0 ? request.temperature : 1;
  for (const TokenProbability& token : likeliest_tokens(logits, temperature, kShown)) {
    json.begin_object().field("id", token.token).field("text", loaded.encoding->token_bytes(token.token));
    json.field("probability", token.probability).end_object();
  }
  return json.end_array().end_object().take();
}

std::string ModelTalk::talk(const TalkRequest& request) {
  const std::lock_guard lock(mutex_);
  Loaded& loaded = load();
  const std::vector<uint32_t> ids = prompt(loaded, request);
  std::vector<uint32_t> said = request.so_far;
  SampleOptions options;
  options.temperature = request.temperature;
  options.top_p = 0.95;
  options.seed = request.seed + request.so_far.size();  // each stretch draws its own
  options.encoding = &*loaded.encoding;
  std::vector<uint32_t> ends = loaded.model.ends_of_text;
  if (const auto end = loaded.encoding->end_of_text()) ends.push_back(*end);
  if (request.is_conversation) {
    ends.insert(ends.end(), loaded.speaker->ends().begin(), loaded.speaker->ends().end());
    ends.push_back(loaded.speaker->end_of_answer());
  }
  bool has_ended = false;
  generate(*loaded.decoder, loaded.model.config, ids, kTokensMax, options, [&](uint32_t id) {
    has_ended = std::find(ends.begin(), ends.end(), id) != ends.end();
    if (!has_ended) said.push_back(id);
    return !has_ended;
  });
  std::string text;
  JsonWriter json;
  json.begin_object().key("ids").begin_array();
  for (const uint32_t id : said) {
    json.value(id);
    text += loaded.encoding->token_bytes(id);
  }
  return json.end_array().field("text", text).field("ended", has_ended).end_object().take();
}

}  // namespace ftok
