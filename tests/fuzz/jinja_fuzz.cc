// Chat templates in Jinja: any bytes either render or are refused with a Failure, within bounds, and each byte that
// comes out has its writer.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tokenizer/jinja/interpreter.h"

namespace {

using ftok::jinja::Value;

Value fuzz_messages() {
  ftok::jinja::List list;
  for (const char* role : {"system", "user", "assistant", "user"}) {
    ftok::jinja::Dict dict;
    dict.items = {{Value::text("role"), Value::text(role, 1)},
                  {Value::text("content"), Value::text(" a\xC3\xA9 b ", 1)}};
    list.items.push_back({std::make_shared<const ftok::jinja::Dict>(std::move(dict))});
  }
  list.depth = 2;
  return {std::make_shared<const ftok::jinja::List>(std::move(list))};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ftok::jinja::RenderInput input;
  input.variables = {{"messages", fuzz_messages()},
                     {"bos_token", Value::text("<s>")},
                     {"eos_token", Value::text("</s>")},
                     {"tools", Value::none()},
                     {"add_generation_prompt", Value{true}}};
  input.now = [] { return std::tm{}; };
  input.limits.steps = 100'000;
  input.limits.text_bytes = size_t{1} << 20;
  try {
    const auto root = ftok::jinja::parse_jinja(std::string_view(reinterpret_cast<const char*>(data), size));
    const ftok::jinja::Rendering made = ftok::jinja::render(*root, input);
    if (made.text.bytes.size() != made.text.writers.size()) std::abort();
  } catch (const ftok::jinja::Failure& failure) {
    if (failure.line < 1 || failure.what.empty()) std::abort();
  }
  return 0;
}
