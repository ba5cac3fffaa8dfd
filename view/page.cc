#include "view/page.h"

namespace ftok {
namespace {

void replace(std::string& text, std::string_view what, std::string_view by) {
  const size_t at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), by);
}

}  // namespace

std::string view_page(std::string_view nonce, std::string_view data) {
  const std::string mark = nonce.empty() ? "" : " nonce=\"" + std::string(nonce) + "\"";
  std::string page = kViewHtml;
  // A file has no server that sends the policy; nothing in it may connect to anything.
  replace(page, "<!-- policy -->",
          nonce.empty() ? "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
                          "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
                        : "");
  replace(page, "<!-- style -->", "<style" + mark + ">" + kViewCss + "</style>");
  std::string json;  // in which no text can end the script
  for (const char c : data) json += c == '<' ? std::string("\\u003c") : std::string(1, c);
  replace(page, "<!-- data -->",
          json.empty() ? "" : "<script type=\"application/json\" id=\"data\"" + mark + ">" + json + "</script>");
  replace(page, "<!-- script -->", "<script" + mark + ">" + kViewJs + "</script>");
  return page;
}

}  // namespace ftok
