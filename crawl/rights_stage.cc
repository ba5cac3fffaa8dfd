#include "crawl/rights_stage.h"

#include <algorithm>

#include "core/ascii.h"
#include "crawl/http.h"

namespace ftok {
namespace {

// Whether one of the words of a field's value is "noai"; a crawler's name may stand before a colon.
bool says_noai(std::string_view value) {
  const auto is_word = [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; };
  for (size_t at = 0; at < value.size();) {
    size_t end = at;
    while (end < value.size() && is_word(value[end])) ++end;
    if (equals_ignoring_case(value.substr(at, end - at), "noai")) return true;
    at = end + 1;
  }
  return false;
}

// The value of an attribute in the text of a tag; empty for none.
std::string_view attribute(std::string_view tag, std::string_view name) {
  for (size_t at = 0; at < tag.size();) {
    while (at < tag.size() && (is_ascii_space(tag[at]) || tag[at] == '/')) ++at;
    const size_t name_end = std::min(tag.find_first_of(" \t\r\n\f=", at), tag.size());
    const std::string_view found = tag.substr(at, name_end - at);
    at = name_end;
    while (at < tag.size() && is_ascii_space(tag[at])) ++at;
    std::string_view value;
    if (at < tag.size() && tag[at] == '=') {
      ++at;
      while (at < tag.size() && is_ascii_space(tag[at])) ++at;
      const bool is_quoted = at < tag.size() && (tag[at] == '"' || tag[at] == '\'');
      const size_t begin = at + (is_quoted ? 1 : 0);
      const size_t end = is_quoted ? tag.find(tag[at], begin) : tag.find_first_of(" \t\r\n\f", begin);
      value = tag.substr(std::min(begin, tag.size()), std::min(end, tag.size()) - std::min(begin, tag.size()));
      at = std::min(end, tag.size()) + (is_quoted ? 1 : 0);
    }
    if (equals_ignoring_case(found, name)) return value;
    if (found.empty() && name_end == at) ++at;  // "=" with no name
  }
  return {};
}

// The end of the tag whose text begins at `begin`: its ">", outside quotation marks.
size_t tag_end(std::string_view html, size_t begin) {
  char quote = 0;
  for (size_t at = begin; at < html.size(); ++at) {
    const char c = html[at];
    if (quote != 0) quote = c == quote ? 0 : quote;
    else if (c == '>') return at;
    else if ((c == '"' || c == '\'') && at > begin && html[at - 1] == '=') quote = c;
  }
  return html.size();
}

void read_meta(std::string_view tag, Rights& rights) {
  const std::string_view name = trim(attribute(tag, "name")), content = trim(attribute(tag, "content"));
  if (equals_ignoring_case(name, "robots")) rights.noai |= says_noai(content);
  if (equals_ignoring_case(name, "tdm-reservation")) rights.tdm_reserved |= content == "1";
}

void read_fields(const HttpHead& head, Rights& rights) {
  for (const auto& [name, value] : head.fields) {
    if (equals_ignoring_case(name, "X-Robots-Tag")) rights.noai |= says_noai(value);
    if (equals_ignoring_case(name, "tdm-reservation")) rights.tdm_reserved |= trim(value) == "1";
  }
}

// The first bytes of the body, out of chunks and codings, as far as they can be had.
void first_bytes(const HttpHead& head, std::string_view stored, std::string& out) {
  std::string scratch;
  if (dechunk(stored, scratch).chunked) out.swap(scratch);
  else out.assign(stored);
  std::vector<std::string> codings = content_codings(head.field("Content-Encoding"));
  if (const std::string_view coding = coding_by_magic(out); codings.empty() && !coding.empty())
    codings.emplace_back(coding);
  for (; !codings.empty(); codings.pop_back()) {
    const ContentDecoded decoded = decode_content(codings.back(), out, RightsStage::kBytesRead, scratch);
    if (decoded.kind != ContentDecoded::Kind::kIdentity) out.swap(scratch);
  }
  out.resize(std::min(out.size(), RightsStage::kBytesRead));
}

}  // namespace

Rights rights_of_page(std::string_view html) {
  Rights rights;
  for (size_t at = html.find('<'); at < html.size(); at = html.find('<', at)) {
    const std::string_view rest = html.substr(at);
    if (rest.starts_with("<!--")) {
      at = std::min(html.find("-->", at + 4), html.size());
      continue;
    }
    ++at;
    if (!starts_with_ignoring_case(rest, "<meta") || rest.size() < 6 || is_alpha(rest[5])) continue;
    const size_t begin = at + 4, end = tag_end(html, begin);
    read_meta(html.substr(begin, end - begin), rights);
    at = end;
  }
  return rights;
}

std::unique_ptr<const Stage> RightsStage::make(const RightsOptions& options, const StageContext& context) {
  auto stage = std::make_unique<RightsStage>(options);
  if (!context.name.empty()) {
    stage->noai_name_ = Reason::intern(context.name + "_noai").value_or(stage->noai_name_);
    stage->tdm_name_ = Reason::intern(context.name + "_tdm").value_or(stage->tdm_name_);
  }
  return stage;
}

Verdict RightsStage::process(Document& document, Report* report) const {
  Judge judge(report);
  const Result<HttpHead> head = parse_http_head(document.payload);
  if (document.payload.empty() || !head.ok()) return judge.verdict();  // `http` says what is wrong with it
  Rights rights;
  read_fields(head.value(), rights);
  std::string body;
  first_bytes(head.value(), std::string_view(document.payload).substr(head.value().size), body);
  const Rights said = rights_of_page(body);
  rights.noai |= said.noai;
  rights.tdm_reserved |= said.tdm_reserved;
  document.scores.push_back({noai_name_, rights.noai ? 1.0 : 0.0, true});
  document.scores.push_back({tdm_name_, rights.tdm_reserved ? 1.0 : 0.0, true});
  if (judge.rule(rights.noai && options_.noai_drop, "rights.noai", "", rights.noai ? 1 : 0, 0)) return judge.verdict();
  judge.rule(rights.tdm_reserved && options_.tdm_drop, "rights.tdm", "", rights.tdm_reserved ? 1 : 0, 0);
  return judge.verdict();
}

}  // namespace ftok
