#include "tools/ftok/chat_export.h"

#include <algorithm>
#include <string_view>

#include "core/json.h"
#include "tokenizer/chat_jinja.h"

namespace ftok::cli {
namespace {

// A Jinja expression that writes `text` as it is.
std::string jinja_literal(std::string_view text) {
  if (text.empty()) return "";
  std::string out = "{{ '";
  for (const char c : text) {
    if (c == '\\' || c == '\'') out += '\\';
    c == '\n' ? out += "\\n" : out += c;
  }
  return out + "' }}";
}

// One message: `role` and `content` are Jinja expressions. Up to {content} alone where `opens`.
std::string jinja_message(std::string_view form, const std::string& role, const std::string& content, bool opens) {
  std::string out;
  while (!form.empty()) {
    const size_t role_at = form.find("{role}"), content_at = form.find("{content}"), at = std::min(role_at, content_at);
    out += jinja_literal(form.substr(0, at));
    if (at == std::string_view::npos || (opens && at == content_at)) break;
    out += "{{ " + (at == role_at ? role : content) + " }}";
    form.remove_prefix(at + std::string_view(at == role_at ? "{role}" : "{content}").size());
  }
  return out;
}

}  // namespace

std::string jinja_of(const ChatTemplate& form, const std::string& end_of_text) {
  if (form.jinja) return form.jinja->source();
  const std::string role = "message['role']",
                    content = form.trims_content ? "message['content'] | trim" : "message['content']";
  std::string out = jinja_literal(end_of_text + form.begin) + "{% for message in messages %}";
  for (const auto& [name, text] : form.roles) {
    std::string quoted;
    append_json_string(quoted, name);
    out += "{% if " + role + " == " + quoted + " %}" + jinja_message(text, role, content, false) + "{% else %}";
  }
  out += jinja_message(form.message, role, content, false);
  for (size_t i = 0; i < form.roles.size(); ++i) out += "{% endif %}";
  const auto own = form.roles.find("assistant");
  return out + "{% endfor %}{% if add_generation_prompt %}" +
         jinja_message(own == form.roles.end() ? form.message : own->second, "'assistant'", "", true) + "{% else %}" +
         jinja_literal(form.end) + "{% endif %}";
}

}  // namespace ftok::cli
