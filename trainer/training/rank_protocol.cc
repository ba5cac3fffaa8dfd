#include "trainer/training/rank_protocol.h"

#include <sys/random.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/hmac.h"

namespace ftok {
namespace {

constexpr std::string_view kHello = "ftokrnk2";
constexpr size_t kFieldsBytes = 12, kProofAt = kIntroductionBytes - kProofBytes;

template <typename T>
void append_number(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
T number_at(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::string introduction_proof(const std::string& token, std::string_view greeting_nonce, std::string_view said) {
  return hmac_sha256(token, "introduction" + std::string(greeting_nonce) + std::string(said));
}

std::string welcome_proof(const std::string& token, std::string_view greeting_nonce, std::string_view nonce) {
  return hmac_sha256(token, "welcome" + std::string(greeting_nonce) + std::string(nonce));
}

// Whether the bytes so far are those that anything of ours begins with.
bool begins_as_ours(std::string_view bytes) {
  const size_t n = std::min(bytes.size(), kHello.size());
  return bytes.substr(0, n) == kHello.substr(0, n);
}

}  // namespace

std::string random_bytes(size_t n) {
  std::string bytes(n, '\0');
  for (size_t at = 0; at < n;) {
    const ssize_t got = ::getrandom(bytes.data() + at, n - at, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw_errno("cannot get random numbers", errno);
    at += static_cast<size_t>(got);
  }
  return bytes;
}

RankAcceptor::RankAcceptor(std::string token, std::string nonce) : token_(std::move(token)), nonce_(std::move(nonce)) {
  assert(nonce_.size() == kNonceBytes);
}

std::string RankAcceptor::greeting() const { return std::string(kHello) + nonce_; }

Trust RankAcceptor::take(std::string_view bytes) {
  if (trust_ != Trust::kUndecided) return trust_;
  if (bytes.size() > kIntroductionBytes - received_.size()) return trust_ = Trust::kStranger;
  received_ += bytes;
  trust_ = decide();
  if (trust_ != Trust::kTrusted) return trust_;
  introduction_.rank = number_at<int32_t>(received_, 8);
  introduction_.size = number_at<int32_t>(received_, 12);
  introduction_.port = number_at<uint16_t>(received_, 16);
  introduction_.channel = static_cast<RankChannel>(received_[18]);
  return trust_;
}

Trust RankAcceptor::decide() const {
  if (!begins_as_ours(received_)) return Trust::kStranger;
  if (received_.size() < kIntroductionBytes) return Trust::kUndecided;
  const std::string_view said = std::string_view(received_).substr(0, kProofAt);
  const std::string expected = introduction_proof(token_, nonce_, said);
  if (!are_equal_secrets(expected, std::string_view(received_).substr(kProofAt))) return Trust::kStranger;
  const uint8_t channel = static_cast<uint8_t>(received_[18]);
  return channel <= static_cast<uint8_t>(RankChannel::kWord) ? Trust::kTrusted : Trust::kStranger;
}

std::string RankAcceptor::welcome() const {
  assert(trust_ == Trust::kTrusted);
  return welcome_proof(token_, nonce_, std::string_view(received_).substr(8 + kFieldsBytes, kNonceBytes));
}

RankJoiner::RankJoiner(std::string token, std::string nonce, const Introduction& introduction)
    : token_(std::move(token)), nonce_(std::move(nonce)), introduction_(introduction) {
  assert(nonce_.size() == kNonceBytes);
}

size_t RankJoiner::wanted() const {
  if (trust_ != Trust::kUndecided) return 0;
  const size_t all = received_.size() < kGreetingBytes ? kGreetingBytes : kGreetingBytes + kProofBytes;
  return all - received_.size();
}

Trust RankJoiner::take(std::string_view bytes, std::string& answer) {
  assert(bytes.size() <= wanted());
  received_ += bytes;
  if (!begins_as_ours(received_)) return trust_ = Trust::kStranger;
  if (received_.size() < kGreetingBytes) return trust_;
  const std::string_view greeting_nonce = std::string_view(received_).substr(kHello.size(), kNonceBytes);
  if (received_.size() == kGreetingBytes) {
    answer = kHello;
    append_number(answer, introduction_.rank);
    append_number(answer, introduction_.size);
    append_number(answer, introduction_.port);
    append_number(answer, introduction_.channel);
    append_number(answer, uint8_t{0});
    answer += nonce_;
    answer += introduction_proof(token_, greeting_nonce, answer);
  } else if (received_.size() == kGreetingBytes + kProofBytes) {
    const bool is_equal = are_equal_secrets(welcome_proof(token_, greeting_nonce, nonce_),
                                            std::string_view(received_).substr(kGreetingBytes));
    trust_ = is_equal ? Trust::kTrusted : Trust::kStranger;
  }
  return trust_;
}

}  // namespace ftok
