// What a connection between ranks may say first, from any bytes: no crash, nobody is trusted who does not prove to know
// the token, and everybody who does. Links ftok::trainer.
//
// The first byte chooses the side and how the rest is cut into pieces. To the acceptor, the rest is what a stranger
// says, or, with the second bit set, the fields of an introduction that is then given the right proof.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/hmac.h"
#include "trainer/training/rank_protocol.h"

namespace {

const std::string kToken = "the token", kGreetingNonce(ftok::kNonceBytes, 'g'), kNonce(ftok::kNonceBytes, 'n');

ftok::Trust say(ftok::RankAcceptor& acceptor, std::string_view bytes, size_t piece) {
  ftok::Trust trust = ftok::Trust::kUndecided;
  for (size_t at = 0; at < bytes.size(); at += piece) trust = acceptor.take(bytes.substr(at, piece));
  return trust;
}

void accept(std::string_view said, size_t piece) {
  ftok::RankAcceptor acceptor(kToken, kGreetingNonce);
  if (say(acceptor, said, piece) == ftok::Trust::kTrusted) std::abort();
}

// Fields of any value under a right proof: trusted where they begin as ours and name a channel, and read as they are.
void accept_proven(std::string_view fields, size_t piece) {
  constexpr size_t kSaid = ftok::kIntroductionBytes - ftok::kProofBytes;
  if (fields.size() < kSaid) return;
  const std::string said(fields.substr(0, kSaid));
  const std::string all = said + ftok::hmac_sha256(kToken, "introduction" + kGreetingNonce + said);
  ftok::RankAcceptor acceptor(kToken, kGreetingNonce);
  const bool is_ours = said.starts_with("ftokrnk2") && static_cast<uint8_t>(said[18]) <= 1;
  if ((say(acceptor, all, piece) == ftok::Trust::kTrusted) != is_ours) std::abort();
  if (is_ours && (acceptor.introduction().port & 0xFF) != static_cast<uint8_t>(said[16])) std::abort();
  if (acceptor.take("x") == ftok::Trust::kTrusted && !is_ours) std::abort();
}

void join(std::string_view bytes, size_t piece) {
  ftok::RankJoiner joiner(kToken, kNonce, {1, 2, 3, ftok::RankChannel::kWord});
  ftok::Trust trust = ftok::Trust::kUndecided;
  std::string answer;
  while (trust == ftok::Trust::kUndecided && !bytes.empty()) {
    const size_t n = std::min({piece, bytes.size(), joiner.wanted()});
    answer.clear();
    trust = joiner.take(bytes.substr(0, n), answer);
    bytes.remove_prefix(n);
    if (!answer.empty() && answer.size() != ftok::kIntroductionBytes) std::abort();
  }
  if (trust == ftok::Trust::kTrusted) std::abort();
}

// Both sides, as they are: each trusts the other, whatever the pieces.
void meet(size_t piece) {
  ftok::RankAcceptor acceptor(kToken, kGreetingNonce);
  ftok::RankJoiner joiner(kToken, kNonce, {7, 9, 1234, ftok::RankChannel::kWord});
  std::string answer;
  joiner.take(acceptor.greeting(), answer);
  if (say(acceptor, answer, piece) != ftok::Trust::kTrusted || acceptor.introduction().rank != 7) std::abort();
  if (joiner.take(acceptor.welcome(), answer) != ftok::Trust::kTrusted) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t piece = 1 + data[0] / 4;
  switch (data[0] % 4) {
    case 0: accept(bytes, piece); break;
    case 1: join(bytes, piece); break;
    case 2: accept_proven(bytes, piece); break;
    default: meet(piece); break;
  }
  return 0;
}
