// How two ranks that share a secret token get to trust a connection between them, before anything else is said on it.
// Bytes alone: sockets are rank_meeting.h's. Numbers are little-endian.
//
//   greeting      acceptor to joiner   "ftokrnk2", 16 random bytes
//   introduction  joiner to acceptor   "ftokrnk2", rank i32, size i32, port u16, channel u8, 0 u8; 16 random bytes;
//   proof welcome       acceptor to joiner   proof
//
// A proof is HMAC-SHA-256 under the token of what it follows and of the other side's random bytes, so the token itself
// is never sent, and neither side can be answered with what was said on another connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ftok {

// What a connection between two ranks is for.
enum class RankChannel : uint8_t {
  kData,  // the collectives' numbers
  kWord,  // who has gone, and whether in peace
};

struct Introduction {
  int32_t rank = 0, size = 0;  // of the joiner
  uint16_t port = 0;           // that it listens on, on the address it connects from
  RankChannel channel = RankChannel::kData;
};

inline constexpr size_t kNonceBytes = 16, kProofBytes = 32;
inline constexpr size_t kGreetingBytes = 8 + kNonceBytes, kIntroductionBytes = 8 + 12 + kNonceBytes + kProofBytes;

// Random bytes of the operating system.
std::string random_bytes(size_t n);

enum class Trust : uint8_t {
  kUndecided,  // more bytes are to come
  kTrusted,
  kStranger,  // something other than a rank of this run; stays so
};

// The side that accepted the connection. It never keeps more than an introduction's bytes.
class RankAcceptor {
 public:
  // `nonce`: random_bytes(kNonceBytes).
  RankAcceptor(std::string token, std::string nonce);

  std::string greeting() const;  // to be sent first
  // Takes bytes as they come.
  Trust take(std::string_view bytes);
  // Once kTrusted.
  const Introduction& introduction() const { return introduction_; }
  std::string welcome() const;

 private:
  Trust decide() const;

  std::string token_, nonce_, received_;
  Introduction introduction_;
  Trust trust_ = Trust::kUndecided;
};

// The side that connected.
class RankJoiner {
 public:
  RankJoiner(std::string token, std::string nonce, const Introduction& introduction);

  // Takes bytes as they come, at most wanted() at a time. Where the greeting is complete, `answer` becomes what is to
  // be sent.
  Trust take(std::string_view bytes, std::string& answer);
  // Bytes that are still to come; 0 once decided.
  size_t wanted() const;

 private:
  std::string token_, nonce_, received_;
  Introduction introduction_;
  Trust trust_ = Trust::kUndecided;
};

}  // namespace ftok
