#include "tokenizer/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/error.h"
#include "text/unicode.h"
#include "tokenizer/encode/bpe_encode.h"

namespace ftok {
namespace {

// Backgrounds that black text is readable on, in xterm's 256 colours; special tokens have their own.
constexpr std::array<int, 4> kBackgrounds = {153, 187, 224, 151};
constexpr int kSpecialBackground = 215;

bool is_wide(char32_t c) {  // East_Asian_Width W and F, by block
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0x303E) || (c >= 0x3041 && c <= 0xA4CF) ||
         (c >= 0xA960 && c <= 0xA97C) || (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) || (c >= 0xFFE0 && c <= 0xFFE6) ||
         (c >= 0x1F300 && c <= 0x1F64F) || (c >= 0x1F680 && c <= 0x1F6FF) || (c >= 0x1F900 && c <= 0x1F9FF) ||
         (c >= 0x20000 && c <= 0x3FFFD);
}

void append_visible(std::string& out, char32_t c) {
  if (c == ' ') {
    out += "·";
  } else if (c == '\n') {
    out += "⏎";
  } else if (c == '\t') {
    out += "→";
  } else if (c < 0x20 || c == 0x7F) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<uint32_t>(c));
  } else if (const Category category = category_of(c); category == Category::kCc || category == Category::kCf ||
                                                       category == Category::kCn || category == Category::kCo ||
                                                       category == Category::kZs || category == Category::kZl ||
                                                       category == Category::kZp) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<uint32_t>(c));
  } else {
    append_utf8(out, c);
  }
}

constexpr std::string_view kBold = "\x1b[1m", kDim = "\x1b[2m", kReset = "\x1b[0m";

// One line of a view, and how wide it is on the terminal.
struct Line {
  std::string text;
  size_t columns = 0;
};

struct Cell {
  std::string text, id;
  size_t columns = 0;
  int background = 0;
  bool marked = false;  // in the loss
};

std::string padded(const std::string& text, size_t used, size_t columns) {
  return text + std::string(columns > used ? columns - used : 0, ' ');
}

// Lays cells out in rows of two lines: the texts, and the ids beneath.
class Layout {
 public:
  explicit Layout(const ViewOptions& options) : options_(options) {}

  void add(Cell cell, bool ends_row) {
    cell.columns = std::max(display_columns(cell.text), cell.id.size());
    if (options_.colours) ++cell.columns;  // so that ids do not run together
    if (used_ + needed(cell) > options_.columns) flush();
    used_ += needed(cell);
    row_.push_back(std::move(cell));
    if (ends_row) flush();
  }

  std::vector<Line> take() {
    flush();
    return std::move(lines_);
  }

 private:
  size_t needed(const Cell& cell) const { return cell.columns + (options_.colours || row_.empty() ? 0 : 1); }

  void flush() {
    if (row_.empty()) return;
    Line texts, ids;
    for (size_t i = 0; i < row_.size(); ++i) append(row_[i], i == 0, texts.text, ids.text);
    if (!options_.colours) {
      for (Line* line : {&texts, &ids}) {
        line->text.erase(line->text.find_last_not_of(' ') + 1);
        line->columns = display_columns(line->text);
      }
    } else {
      texts.columns = ids.columns = used_;
    }
    lines_.push_back(std::move(texts));
    lines_.push_back(std::move(ids));
    row_.clear();
    used_ = 0;
  }

  void append(const Cell& cell, bool first, std::string& texts, std::string& ids) const {
    const std::string text = padded(cell.text, display_columns(cell.text), cell.columns);
    const std::string id = padded(cell.id, cell.id.size(), cell.columns);
    if (options_.colours) {
      texts += fmt::format("\x1b[48;5;{};30m{}{}{}", cell.background, cell.marked ? "\x1b[1;4m" : "", text, kReset);
      ids += fmt::format("{}{}{}", kDim, id, kReset);
      return;
    }
    const bool by_role = !options_.roles.empty();
    texts += (first ? "" : "|") + text;
    ids += (first ? "" : "|") + (by_role && cell.marked ? padded(cell.id + "*", cell.id.size() + 1, cell.columns) : id);
  }

  const ViewOptions& options_;
  std::vector<Cell> row_;
  size_t used_ = 0;
  std::vector<Line> lines_;
};

int background_of(const Encoding& encoding, const ViewToken& token, size_t place, const ViewOptions& options) {
  if (token.role > 0 && !options.roles.empty()) return kBackgrounds[(token.role - 1u) % kBackgrounds.size()];
  return encoding.is_special(token.id) ? kSpecialBackground : kBackgrounds[place % kBackgrounds.size()];
}

std::vector<Line> token_lines(const Encoding& encoding, const std::vector<ViewToken>& tokens,
                              const ViewOptions& options) {
  Layout layout(options);
  for (size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view bytes = encoding.token_bytes(tokens[i].id);
    const bool marked = !options.roles.empty() && tokens[i].in_loss;
    std::string id = std::to_string(tokens[i].id);
    if (marked && !options.colours) id += " ";  // room for the mark
    layout.add({visible_token(bytes), std::move(id), 0, background_of(encoding, tokens[i], i, options), marked},
               bytes.find('\n') != std::string_view::npos);
  }
  return layout.take();
}

std::vector<ViewToken> view_tokens(const std::vector<uint32_t>& ids) {
  std::vector<ViewToken> tokens;
  for (const uint32_t id : ids) tokens.push_back({id, 0, true});
  return tokens;
}

std::string legend(const ViewOptions& options) {
  std::string out;
  for (size_t i = 0; i < options.roles.size(); ++i) {
    if (options.colours) {
      out += fmt::format("\x1b[48;5;{};30m {} {} ", kBackgrounds[i % kBackgrounds.size()], options.roles[i], kReset);
    } else {
      out += options.roles[i] + " ";
    }
  }
  return out + (options.colours ? "\x1b[1;4min the loss\x1b[0m\n" : "(* in the loss)\n");
}

}  // namespace

std::string visible_token(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size();) {
    const Utf8Char c = decode_utf8(bytes, i);
    if (c.valid) {
      append_visible(out, c.code_point);
    } else {
      for (size_t k = 0; k < c.size; ++k) {
        fmt::format_to(std::back_inserter(out), "‹{:02x}›", static_cast<unsigned char>(bytes[i + k]));
      }
    }
    i += c.size;
  }
  return out;
}

size_t display_columns(std::string_view text) {
  size_t columns = 0;
  for (size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_utf8(text, i);
    const Category category = category_of(c.code_point);
    if (category != Category::kMn && category != Category::kMe && category != Category::kCf) {
      columns += is_wide(c.code_point) ? 2 : 1;
    }
    i += c.size;
  }
  return columns;
}

std::string token_totals(size_t tokens, std::string_view text) {
  std::string out = fmt::format("{} tokens, {} characters, {} bytes", tokens, utf8_length(text), text.size());
  if (tokens > 0)
    out += fmt::format(", {:.2f} bytes per token", static_cast<double>(text.size()) / static_cast<double>(tokens));
  return out;
}

std::string render_tokens(const Encoding& encoding, const std::vector<ViewToken>& tokens, const ViewOptions& options) {
  std::string out, text;
  for (const Line& line : token_lines(encoding, tokens, options)) out += line.text + "\n";
  size_t in_loss = 0;
  for (const ViewToken& token : tokens) {
    text += encoding.token_bytes(token.id);
    in_loss += token.in_loss;
  }
  out += token_totals(tokens.size(), text);
  if (!options.roles.empty()) out += fmt::format(", {} in the loss", in_loss);
  out += fmt::format(" ({})\n", encoding.name());
  return options.roles.empty() ? out : out + legend(options);
}

std::string render_tokens(const Encoding& encoding, const std::vector<uint32_t>& ids, const ViewOptions& options) {
  return render_tokens(encoding, view_tokens(ids), options);
}

std::string render_comparison(const std::vector<ComparedTokens>& compared, const ViewOptions& options) {
  constexpr size_t kGap = 3, kColumnsMin = 20;
  ViewOptions narrow = options;
  const size_t count = std::max<size_t>(1, compared.size());
  narrow.columns = std::max(kColumnsMin, (options.columns - std::min(options.columns, kGap * (count - 1))) / count);
  std::vector<std::vector<Line>> columns;
  size_t rows = 0;
  for (const ComparedTokens& one : compared) {
    const std::string text = one.encoding->decode(one.ids);
    std::vector<Line> lines;
    const double bytes_a_token =
        one.ids.empty() ? 0 : static_cast<double>(text.size()) / static_cast<double>(one.ids.size());
    for (const std::string& line : {one.encoding->name(), fmt::format("{} tokens", one.ids.size()),
                                    fmt::format("{:.2f} bytes per token", bytes_a_token)}) {
      lines.push_back(
          {options.colours && lines.empty() ? fmt::format("{}{}{}", kBold, line, kReset) : line, line.size()});
    }
    for (Line& line : token_lines(*one.encoding, view_tokens(one.ids), narrow)) lines.push_back(std::move(line));
    rows = std::max(rows, lines.size());
    columns.push_back(std::move(lines));
  }
  std::string out;
  for (size_t row = 0; row < rows; ++row) {
    std::string line;
    for (size_t i = 0; i < columns.size(); ++i) {
      const Line cell = row < columns[i].size() ? columns[i][row] : Line{};
      line += cell.text;
      if (i + 1 < columns.size())
        line += std::string(narrow.columns - std::min(narrow.columns, cell.columns) + kGap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

namespace {

// The trees that merging builds over a pretoken: a node a byte or a merge.
class MergeForest {
 public:
  MergeForest(const Encoding& encoding, std::string_view pretoken, bool colours)
      : encoding_(encoding), colours_(colours) {
    std::vector<size_t> roots;
    for (const char c : pretoken) {
      roots.push_back(nodes_.size());
      nodes_.push_back({std::string(1, c), encoding.id_of(std::string_view(&c, 1)).value_or(0), 0, 0, 0});
    }
    uint32_t number = 0;
    if (encoding.vocabulary().pieces != nullptr)
      throw Error(encoding.name() + ": merges are shown of byte-level vocabularies alone");
    for (const Merger::Step& step : encoding.tables().merger.steps(pretoken)) {
      nodes_.push_back({std::string(encoding.token_bytes(step.merged)), step.merged, roots[step.position],
                        roots[step.position + 1], ++number});
      roots[step.position] = nodes_.size() - 1;
      roots.erase(roots.begin() + step.position + 1);
    }
    roots_ = std::move(roots);
  }

  std::string render(std::string_view pretoken) const {
    std::string out = bold(visible_token(pretoken)) + fmt::format("  {} bytes, {} merges, {} tokens", pretoken.size(),
                                                                  nodes_.size() - pretoken.size(), roots_.size());
    const std::optional<uint32_t> whole = encoding_.id_of(pretoken);
    if (roots_.size() > 1 && whole && encoding_.vocabulary().whole_pretoken_first) {
      out += fmt::format("; a single token, {}, whatever the merges", *whole);
    }
    out += "\n";
    for (size_t i = 0; i < roots_.size(); ++i) append(out, roots_[i], "", i + 1 == roots_.size());
    return out;
  }

 private:
  struct Node {
    std::string bytes;
    uint32_t id;
    size_t left, right;
    uint32_t number;  // of the merge; 0: a byte
  };

  std::string bold(const std::string& text) const {
    return colours_ ? fmt::format("{}{}{}", kBold, text, kReset) : text;
  }
  std::string dim(const std::string& text) const { return colours_ ? fmt::format("{}{}{}", kDim, text, kReset) : text; }

  void append(std::string& out, size_t index, const std::string& indent, bool last) const {
    const Node& node = nodes_[index];
    const bool root = indent.empty();
    out += indent + (last ? "└─ " : "├─ ") + (root ? bold(visible_token(node.bytes)) : visible_token(node.bytes));
    out += dim(fmt::format("  {}{}", node.id, node.number == 0 ? "" : fmt::format("  merge {}", node.number))) + "\n";
    if (node.number == 0) return;
    const std::string below = indent + (last ? "   " : "│  ");
    append(out, node.left, below, false);
    append(out, node.right, below, true);
  }

  const Encoding& encoding_;
  bool colours_;
  std::vector<Node> nodes_;
  std::vector<size_t> roots_;
};

}  // namespace

std::string render_merges(const Encoding& encoding, std::string_view pretoken, const ViewOptions& options) {
  constexpr size_t kBytesMax = 512;  // deeper trees are for nobody to read, and recursion stays shallow
  if (pretoken.size() > kBytesMax) {
    return fmt::format("(a pretoken of {} bytes; only those of up to {} are shown)\n", pretoken.size(), kBytesMax);
  }
  return MergeForest(encoding, pretoken, options.colours).render(pretoken);
}

}  // namespace ftok
