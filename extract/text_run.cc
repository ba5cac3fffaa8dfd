#include "extract/text_run.h"

namespace ftok::html {

namespace {

enum class Class : uint8_t { kPlain, kSpace, kControl, kLead };

Class class_of(unsigned char c) {
  if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f') return Class::kSpace;
  if (c < 0x20 || c == 0x7F) return Class::kControl;
  if (c == 0xC2 || c == 0xE2 || c == 0xEF) return Class::kLead;  // lead bytes of the characters handled one by one
  return Class::kPlain;
}

enum class Special : uint8_t { kNone, kSpace, kDrop };

// What stands at text[i], a lead byte of class kLead; `size` gets its length in bytes.
Special special_at(std::string_view text, size_t i, size_t& size) {
  const auto byte = [&](size_t k) { return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0; };
  const unsigned char lead = byte(0), second = byte(1), third = byte(2);
  size = 1;
  if (lead == 0xC2) {
    size = 2;
    if (second == 0xA0 || second == 0x85) return Special::kSpace;  // no-break space, next line
    if (second == 0xAD) return Special::kDrop;                     // soft hyphen
  } else if (lead == 0xE2) {
    size = 3;
    if (second == 0x80 && ((third >= 0x80 && third <= 0x8A) || third == 0xA8 || third == 0xA9 || third == 0xAF)) {
      return Special::kSpace;
    }
    if (second == 0x80 && third == 0x8B) return Special::kDrop;  // zero width space
    if (second == 0x81 && third == 0x9F) return Special::kSpace;
    if (second == 0x81 && third == 0xA0) return Special::kDrop;  // word joiner
  } else if (second == 0xBB && third == 0xBF) {
    size = 3;
    return Special::kDrop;  // zero width no-break space
  }
  size = 1;
  return Special::kNone;
}

}  // namespace

void TextRun::begin() {
  begin_ = out_.size();
  pending_space_ = false;
  breaks_ = 0;
}

void TextRun::append(std::string_view text, bool keep_white_space) {
  size_t i = 0;
  while (i < text.size()) {
    const size_t plain = i;
    while (i < text.size() && class_of(static_cast<unsigned char>(text[i])) == Class::kPlain) ++i;
    if (i > plain) {
      flush_space();
      out_.append(text, plain, i - plain);
      continue;
    }
    switch (class_of(static_cast<unsigned char>(text[i]))) {
      case Class::kSpace:
        if (keep_white_space && text[i] != '\r' && text[i] != '\f') {
          flush_space();
          out_.push_back(text[i]);
        } else {
          put_space();
        }
        ++i;
        break;
      case Class::kControl: ++i; break;
      default: {
        size_t size = 1;
        const Special special = special_at(text, i, size);
        if (special == Special::kNone) {
          flush_space();
          out_.append(text, i, size);
        } else if (special == Special::kSpace) {
          if (keep_white_space) {
            out_.push_back(' ');
          } else {
            put_space();
          }
        }
        i += size;
      }
    }
  }
}

void TextRun::line_break() {
  pending_space_ = false;
  ++breaks_;
  if (!empty() && breaks_ == 1) out_.push_back('\n');
}

void TextRun::trim(bool keep_white_space) {
  pending_space_ = false;
  if (keep_white_space) {  // of code only empty first lines go, its indentation stays
    size_t first = begin_;
    for (size_t i = begin_; i < out_.size() && (out_[i] == ' ' || out_[i] == '\t' || out_[i] == '\n'); ++i) {
      if (out_[i] == '\n') first = i + 1;
    }
    out_.erase(begin_, first - begin_);
  }
  while (out_.size() > begin_ && (out_.back() == ' ' || out_.back() == '\n' || out_.back() == '\t')) out_.pop_back();
}

}  // namespace ftok::html
