// How the ranks of a run find each other. Rank 0 listens where all find it; the others tell it where they listen, it
// tells all of them, and each connects to the ranks below its own. Each pair has two connections (rank_protocol.h).
//
// Whoever else connects is dropped: at the first byte that no rank would send, for a proof that is none, or for saying
// too little in time. Meanwhile all others are served.
#pragma once

#include <string>
#include <vector>

#include "trainer/communicator.h"
#include "trainer/training/rank_protocol.h"
#include "trainer/training/rank_sockets.h"

namespace ftok {

// In the folder that ranks share: the token of the run that is about to begin, readable by its owner alone. It goes
// when rank 0 has met all others.
inline constexpr char kRanksTokenName[] = "ranks-token";

// The connections to another rank; not open: to itself.
struct RankConnections {
  Socket data, word;
};

// By rank. Throws as connect_ranks().
std::vector<RankConnections> meet_ranks(const RankInfo& info, const MeetingOptions& options);

}  // namespace ftok
