// Every named limit. A request over one of them answers limit_exceeded or name_too_long with the
// limit in the error; none is checked by anything but its name here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace spind {

// Names and paths.
inline constexpr std::size_t kNameBytesMax = 255;        // one name, as Linux has it
inline constexpr std::size_t kPathBytesMax = 16 * 1024;  // a path in a request
inline constexpr std::size_t kDepthMax = 512;            // names in a path of a request
inline constexpr std::size_t kPrincipalBytesMax = 255;   // a user, group, tenant or application

// Folders above a node that a change or a look-up by id goes through. Moves can nest deeper; what
// lies there can be walked to, and removed with a folder above it.
inline constexpr std::size_t kClimbMax = 16 * 1024;

// What a request may carry.
inline constexpr std::size_t kRequestIdBytesMax = 128;
inline constexpr std::size_t kSpaceNameBytesMax = 255;  // alias and name of a space
inline constexpr std::size_t kDescriptionBytesMax = 4096;
inline constexpr std::size_t kLabelBytesMax = 255;          // of a version
inline constexpr std::size_t kGroupsMax = 1024;             // groups of one principal
inline constexpr std::uint64_t kGetBytesMax = 64ull << 20;  // a file read whole into memory

// Properties of a node; a WebDAV name with its namespace fits into a key.
inline constexpr std::size_t kPropertyKeyBytesMax = 1024;
inline constexpr std::size_t kPropertyValueBytesMax = 16 * 1024;
inline constexpr std::size_t kPropertiesMax = 1000;            // of one node, and in one call
inline constexpr std::size_t kPropertiesBytesMax = 64 * 1024;  // keys and values of one node
inline constexpr std::size_t kTagBytesMax = 255;
inline constexpr std::size_t kFavouritesMax = 10'000;  // of one person

// Names for what would collide.
inline constexpr std::size_t kFreeNamesTried = 1000;
inline constexpr std::size_t kExtensionBytesMax = 32;

// What one entry of an emptied trash purges.
inline constexpr std::size_t kPurgeBatch = 1000;

// What one entry of a thinning removes: so many versions, or about so many rows of what they hold.
inline constexpr std::size_t kThinVersionsBatch = 256;
inline constexpr std::size_t kThinRowsBatch = 4096;
// Earlier versions of a space that the store looks at in one go of its own; the next one goes on.
inline constexpr std::size_t kThinRowsAPass = 100'000;

// What one entry of a copy holds: it ends with the first node that reaches one of them.
inline constexpr std::size_t kCopyNodesBatch = 1000;
inline constexpr std::size_t kCopyBytesBatch = 1024 * 1024;  // of names, attachments and manifests
// Content that it has where a copy brings that into another vault. What was brought is claimed
// until the entry is there, which must not take a day.
inline constexpr std::uint64_t kCopyCarriedBytesBatch = 256ull << 20;
// Entries of a copy between two waits for them to be durable.
inline constexpr std::size_t kCopyUnsyncedBatches = 64;

// Views of the past.
inline constexpr std::size_t kPastCacheBytes = 512 * 1024;  // folders of one view in memory

// Uploads.
inline constexpr std::size_t kUploadAppendBytesMax = 64 << 20;  // what one append brings
inline constexpr std::size_t kUploadTailPartsMax = 64;          // parts that fill no piece yet
inline constexpr std::size_t kUploadEtagsBytesMax = 4096;       // of its If-Match, If-None-Match
inline constexpr std::uint64_t kUploadKeptSecondsMax = 30 * 86'400;  // without an append

// Pages.
inline constexpr std::size_t kPageMax = 10'000;       // items that one call gives back
inline constexpr std::size_t kPageScanMax = 100'000;  // rows that one call looks at for a page

// A thread that waits for a space to change looks at the clock and at its cancel token at least
// this often.
inline constexpr std::int64_t kWaitPollNs = 100'000'000;

// So long a store may go on that does not know yet that another copy has taken its blobs over.
inline constexpr std::int64_t kOwnerLookMs = 60'000;

// Content.
inline constexpr std::uint64_t kFileBytesMax = std::uint64_t{1} << 40;  // 2^17 pieces
inline constexpr std::size_t kInlineBytesMax = 16 * 1024;               // kept as an attachment
inline constexpr std::size_t kPackedBytesMax = 1024 * 1024;             // appended to a pack
inline constexpr std::size_t kPieceBytesMax = 8 * 1024 * 1024;          // one object each
inline constexpr std::size_t kFrameBytesMax = 256 * 1024;               // what is verified alone

}  // namespace spind
