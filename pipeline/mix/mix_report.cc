// What a mix has come to, as JSON and for people.
#include <fmt/format.h>

#include "core/json.h"
#include "pipeline/mix.h"

namespace ftok {
namespace {

void write_source(JsonWriter& json, const MixedSource& source) {
  json.begin_object().field("name", source.name).field("share", source.share);
  json.field("documents", source.documents).field("tokens", source.tokens).field("pass_tokens", source.pass_tokens);
  json.field("written_documents", source.written_documents).field("written_tokens", source.written_tokens);
  json.field("missing_tokens", source.missing()).field("epochs", source.epochs());
  json.field("validation_documents", source.validation_documents).field("validation_tokens", source.validation_tokens);
  json.key("left_out").begin_object();
  json.field("bad", source.bad).field("host_cap", source.capped).field("no_score", source.unscored);
  json.field("repeats_0", source.unwanted).end_object();
  json.field("hosts_capped", source.hosts_capped).field("without_host", source.without_host);
  json.key("buckets").begin_array();
  for (size_t i = 0; i < source.bucket_documents.size(); ++i) {
    json.begin_object()
        .field("documents", source.bucket_documents[i])
        .field("tokens", source.bucket_tokens[i])
        .end_object();
  }
  json.end_array().end_object();
}

}  // namespace

std::string mix_json(const MixResult& result) {
  JsonWriter json;
  json.begin_object()
      .field("budget", result.budget)
      .field("tokens", result.tokens)
      .field("documents", result.documents);
  json.field("missing_tokens", result.budget - result.tokens);
  json.key("packing").begin_object().field("sequences", result.sequences).field("padding", result.padding);
  json.field("cuts", result.cuts).end_object();
  json.key("sources").begin_array();
  for (const MixedSource& source : result.sources) write_source(json, source);
  return json.end_array().end_object().take();
}

std::string mix_table(const MixResult& result) {
  size_t width = 6;
  for (const MixedSource& source : result.sources) width = std::max(width, source.name.size());
  std::string out = fmt::format("{:<{}} {:>16} {:>16} {:>8} {:>16} {:>12} {:>12}\n", "source", width, "tokens",
                                "written", "epochs", "missing", "documents", "left out");
  for (const MixedSource& source : result.sources) {
    out += fmt::format("{:<{}} {:>16} {:>16} {:>8.3f} {:>16} {:>12} {:>12}\n", source.name, width, source.tokens,
                       source.written_tokens, source.epochs(), source.missing(), source.written_documents,
                       source.bad + source.capped + source.unscored + source.unwanted);
  }
  out += fmt::format("{} of {} tokens in {} documents", result.tokens, result.budget, result.documents);
  if (result.sequences > 0) {
    out += fmt::format("; {} sequences, {} tokens of padding, {} cuts in longer documents", result.sequences,
                       result.padding, result.cuts);
  }
  return out + "\n";
}

}  // namespace ftok
