#include "commands.h"

namespace spind::tool {
namespace {

constexpr Option kCommonOptions[] = {
    {"store", 0, "DIR", "the store's folder (or SPIND_STORE)"},
    {"as", 0, "USER", "who acts (or SPIND_USER; else the login name)"},
    {"tenant", 0, "NAME", "whose spaces (or SPIND_TENANT; else \"default\")"},
    {"memory", 0, "BYTES", "budget of all caches and buffers, as 64M (512M)"},
    {"blobs", 0, "PLACE",
     "where its bytes lie if not in its folder: s3://BUCKET[/PREFIX] or a folder "
     "(or SPIND_BLOBS)"},
    {"durability", 0, "HOW",
     "with --blobs: pack, or staged: small files are durable in the store's folder and brought "
     "there "
     "later (or SPIND_DURABILITY; pack)"},
    {"vault-keys", 0, "FILE",
     "the key file of an encrypted store; init makes one that is (or SPIND_VAULT_KEYS)"},
    {"endpoint", 0, "URL", "of the bucket's server, as https://HOST:9000 (or AWS_ENDPOINT_URL_S3)"},
    {"region", 0, "NAME", "of the bucket (or AWS_REGION; else us-east-1)"},
    {"ca", 0, "FILE", "trust these authorities instead of the system's (or AWS_CA_BUNDLE)"},
    {"credentials", 0, "WHENCE",
     "env, profile:NAME, instance, web-identity, or a shared credentials file "
     "(~/.aws/credentials)"},
    {"profile", 0, "NAME", "in that file (AWS_PROFILE, or \"default\")"},
    {"hedge", 0, "", "ask a second time for a small read that takes longer than nearly all"},
    {"read-rate", 0, "BYTES", "at most so many a second from the bucket, as 20M"},
    {"write-rate", 0, "BYTES", "at most so many a second to the bucket"},
    {"request-rate", 0, "N", "at most so many requests a second"},
    {"path-style", 0, "", "the bucket in the path of the URL, also at AWS"},
    {"list-v1", 0, "", "list by ListObjects, where the server does not know ListObjectsV2"},
    {"http2", 0, "", "HTTP/2, where the server offers it"},
    {"payload", 0, "HOW",
     "how the server learns what it is sent: signed, crc32c, md5 or unsigned (over TLS crc32c, "
     "else "
     "signed)"},
    {"storage-class", 0, "NAME", "of what is put, as STANDARD_IA (the bucket's own)"},
    {"encryption", 0, "HOW", "by the server: AES256, aws:kms or aws:kms:KEY (the bucket's own)"},
    {"request-payer", 0, "", "pay for the requests, at a bucket whose owner does not"},
    {"allow-unfenced", 0, "",
     "use a bucket that lets several creates of one name win, where nothing tells two stores apart "
     "(or SPIND_ALLOW_UNFENCED)"},
    {"json", 0, "", "one JSON object a line"},
    {"help", 'h', "", "explain"},
};

// Of every command that reads.
constexpr Option kAt = {"at", 0, "TIME|NUMBER",
                        "as it was at that time (RFC 3339), or after that entry"};

constexpr Option kKeep{"keep", 0, "SECONDS", "for how long its past is kept, or forever (604800)"};
constexpr Option kKeepEntries{"keep-entries", 0, "N",
                              "of its past only the newest N entries; 0: any number (0)"};
constexpr Option kTrash{"trash", 0, "SECONDS",
                        "for how long its trash keeps what was removed, or forever (2592000)"};
constexpr Option kVersions{"versions", 0, "HOW", "all (if not given), count, ladder or automatic"};
constexpr Option kVersionsMax{"versions-max", 0, "N",
                              "count: at most so many earlier ones of a file; 0: any number (0)"};
constexpr Option kVersionsKeep{"versions-keep", 0, "SECONDS",
                               "count: for how long each is kept, or forever (forever)"};
constexpr Option kVersionsMin{"versions-min", 0, "N",
                              "count: so many of the newest stay however old (0)"};
constexpr Option kPieces{
    "pieces", 0, "RULE",
    "where new files are cut: fixed (if not given), or content, which shares what "
    "is alike in files that differ"};
constexpr Option kSpaceCreateOptions[] = {
    {"kind", 0, "KIND", "personal (if not given) or project"},
    {"name", 0, "TEXT", "a name for people"},
    {"description", 0, "TEXT", "what it is for"},
    {"id", 0, "UUID", "an id of your own"},
    {"names", 0, "RULE", "exact (if not given), or folded: refuse names that differ only by case"},
    {"vault", 0, "WHOSE", "tenant (if not given), or own: shares nothing, with keys of its own"},
    kKeep,
    kKeepEntries,
    kTrash,
    kVersions,
    kVersionsMax,
    kVersionsKeep,
    kVersionsMin,
    kPieces,
};
constexpr Option kSpaceListOptions[] = {
    {"kind", 0, "KIND", "only personal or only project"},
    {"state", 0, "STATE", "only active or only disabled"},
};
constexpr Option kSpaceSetOptions[] = {
    {"alias", 0, "ALIAS", "a new alias"},
    {"name", 0, "TEXT", "a new name"},
    {"description", 0, "TEXT", "a new description"},
    kKeep,
    kKeepEntries,
    kTrash,
    kVersions,
    kVersionsMax,
    kVersionsKeep,
    kVersionsMin,
    kPieces,
    {"image", 0, "/PATH", "a file that presents it; \"\" for none"},
    {"readme", 0, "/PATH", "a file that explains it; \"\" for none"},
};
constexpr Option kOfSpace{"space", 0, "",
                          "the name is the id of a space that has a vault of its own"};
constexpr Option kVaultRotateOptions[] = {
    {"data-key", 0, "", "also make a new data key, for what is stored from now on"},
    kOfSpace,
};
constexpr Option kVaultResealOptions[] = {
    {"rate", 0, "BYTES", "so many a second at most, as 20M"},
    kOfSpace,
};
constexpr Option kVaultSecrets{
    "vault-secrets", 0, "DIR",
    "with --vault-keys: where the secrets of vaults lie, so that no copy of the store has them "
    "(its own folder)"};
constexpr Option kInitOptions[] = {
    kVaultSecrets,
};
constexpr Option kVaultEncryptOptions[] = {
    {"rate", 0, "BYTES", "so many a second at most, as 20M"},
    kOfSpace,
    kVaultSecrets,
};
constexpr Option kBlobsMoveOptions[] = {
    {"rate", 0, "BYTES", "so many a second at most, as 20M"},
};
constexpr Option kVaultDestroyOptions[] = {
    {"really", 0, "NAME", "the name once more"},
    kOfSpace,
};
constexpr Option kPutOptions[] = {
    {"recursive", 'r', "", "store the contents of a folder"},
    {"ignore-times", 'I', "", "store also what is there with the same size and mtime"},
    {"skip-special", 0, "", "pass over symbolic links, sockets and devices in silence"},
    {"workers", 'w', "N", "files in flight (16)"},
};
constexpr Option kGetOptions[] = {
    {"recursive", 'r', "", "fetch the contents of a folder"},
    {"version", 0, "N", "an earlier version of a file"},
    {"ignore-times", 'I', "", "fetch also what is there with the same size and mtime"},
    {"sync", 0, "", "sync each file to disk before it appears (slow)"},
    {"workers", 'w', "N", "files in flight (8)"},
    kAt,
};
constexpr Option kReadOptions[] = {
    kAt,
};
constexpr Option kLsOptions[] = {
    {"long", 'l', "", "with size, time and version"},
    {"recursive", 'r', "", "with all that is below"},
    kAt,
};
constexpr Option kCatOptions[] = {
    {"version", 0, "N", "an earlier version"},
    {"offset", 0, "N", "from this byte on"},
    {"length", 0, "N", "so many bytes"},
    kAt,
};
constexpr Option kMkdirOptions[] = {
    {"parents", 'p', "", "make parents too; no error if it is there"},
};
constexpr Option kMvOptions[] = {
    {"replace", 'f', "", "what stands at the target goes to the trash"},
};
constexpr Option kCpOptions[] = {
    {"recursive", 'r', "", "folders with all that is below"},
    {"replace", 'f', "", "what stands at the target goes to the trash"},
};
constexpr Option kRmOptions[] = {
    {"recursive", 'r', "", "folders with all that is below"},
    {"force", 'f', "", "no error if it is not there"},
};
constexpr Option kDuOptions[] = {
    {"depth", 'd', "N", "show folders down to this depth (1)"},
    kAt,
};
constexpr Option kChangesOptions[] = {
    {"since", 0, "N", "what came behind entry N, or behind a cursor"},
    {"follow", 0, "", "go on with what happens from now on"},
};
constexpr Option kTrashOptions[] = {
    {"to", 0, "/PATH", "restore: to this place and name, not to where it was"},
    {"parents", 'p', "", "restore: make folders that are missing on the way"},
    {"on-conflict", 0, "HOW", "restore: fail (if not given), skip, replace or keep-both"},
    {"older-than", 0, "SECONDS", "empty: only what was removed so long ago"},
    kAt,
};
constexpr Option kCheckOptions[] = {
    {"content", 0, "", "also read and verify every stored byte"},
    {"repair", 0, "", "make good what can be derived, and set aside what cannot"},
};
constexpr Option kScrubOptions[] = {
    {"rate", 0, "BYTES", "so many bytes a second, as 20M (as fast as it goes)"},
    {"restart", 0, "", "from the beginning, not from where the last one was interrupted"},
};
constexpr Option kCollectOptions[] = {
    {"grace", 0, "SECONDS", "keep what became unreferenced within this time (86400)"},
    {"now", 0, "SPACE", "give up all of this space's past, whatever it is to keep"},
};
constexpr Option kVerifyOptions[] = {
    {"skip-special", 0, "", "pass over symbolic links, sockets and devices"},
    {"workers", 'w', "N", "files compared at once (4)"},
    kAt,
};
constexpr Option kRewindOptions[] = {
    {"to", 0, "TIME|NUMBER", "as it was at that time (RFC 3339), or after that entry"},
};
constexpr Option kUploadOptions[] = {
    {"parents", 'p', "", "start: make folders that are missing on the way"},
    {"hold", 0, "", "finish: keep it apart until it is released"},
    {"all", 'a', "", "list: also what others began"},
    kAt,
};

constexpr Command kCommands[] = {
    {"init", "", 0, 0, "make a store in the folder that --store names",
     "Harmless where there is one already.\n--json: {store, created}",
     "spind init --store /srv/spind", kInitOptions, run_init},
    {"adopt",
     "",
     0,
     0,
     "go on with a copy of a store on the blobs that another copy has used since",
     "As after the loss of the original, with a copy of its folder from before: until then the "
     "copy\n"
     "can only be read, since its collector would remove what it does not know. What the other "
     "one\n"
     "stored since is given up: it is collected, or check finds it. Should that one still be\n"
     "open, it can only be read within a minute of when it can ask its blobs.\n"
     "--json: {store, adopted}",
     "spind adopt --store /srv/spind-of-yesterday --blobs s3://school-bytes/spind",
     {},
     run_adopt},
    {"space create", "ALIAS", 1, 1, "make a space",
     "Its maker holds all rights in it.\n"
     "--json: {id, alias, kind, tenant, name, description, owner, creator, names, created_ns,\n"
     "         bytes, version_bytes, trash_bytes, files, folders, entry, visible, floor, keep_ns,\n"
     "         keep_entries, state, image, readme, trash_keep_ns, versions, versions_min,\n"
     "         versions_keep_ns, versions_max, pieces, vault, locked}",
     "spind space create ada\n"
     "spind space create class-7b --kind project --names folded",
     kSpaceCreateOptions, run_space_create},
    {"space list", "", 0, 0, "list the tenant's spaces that you may see",
     "--json: as space create, one a line", "spind space list --kind project", kSpaceListOptions,
     run_space_list},
    {"space info", "SPACE", 1, 1, "what is known of a space", "--json: as space create",
     "spind space info ada", kReadOptions, run_space_info},
    {"space set", "SPACE", 1, 1, "change a space's names, image, readme, or what it keeps",
     "What it keeps of its past is what --at and rewind can go back to, and what was purged or\n"
     "removed for good takes room until then. Earlier versions are kept as --versions says: all;\n"
     "by count and age; ladder, which keeps fewer the older they are: one a minute of the last\n"
     "hour, an hour of the last day, a day of the last month, then one a week; or automatic: all\n"
     "of the last 30 days, then one an hour, from 60 days on one a day, from 180 on one a week,\n"
     "and at most 500. Pinned and labelled ones always stay.\n"
     "--json: as space create",
     "spind space set ada --name \"Ada Lovelace\"\n"
     "spind space set ada --versions ladder --trash 604800",
     kSpaceSetOptions, run_space_set},
    {"space disable",
     "SPACE",
     1,
     1,
     "take a space out of use; what is in it stays",
     "Its files and folders are not found until it is restored.\n--json: as space create",
     "spind space disable ada",
     {},
     run_space_disable},
    {"space restore",
     "SPACE",
     1,
     1,
     "take a disabled space into use again",
     "--json: as space create",
     "spind space restore ada",
     {},
     run_space_restore},
    {"space purge",
     "SPACE",
     1,
     1,
     "give up a disabled space with all that is in it, for good",
     "It is gone at once; its bytes are when its past is no longer kept: collect --now with the "
     "id\n"
     "that this prints does not wait for that.\n"
     "--json: {id}",
     "spind space purge ada",
     {},
     run_space_purge},
    {"put", "LOCAL SPACE:/path", 2, 2, "store a file, or with -r the contents of a folder",
     "Files are acknowledged once they are durable. With -r, run it again after an interruption:\n"
     "what is there with the same size and mtime is skipped. Symbolic links, sockets, devices,\n"
     "names that cannot be stored, and files that change while they are read are reported and\n"
     "counted as failed; the rest goes on. LOCAL may be - for standard input. A file put to a\n"
     "folder goes into it under its own name.\n"
     "--json: {event:\"file\", path, id, version, size, sha256, durable:true} a file, flushed, "
     "and\n"
     "        {event:\"done\", files, bytes, skipped, failed}",
     "spind put essay.odt ada:/homework/\n"
     "spind put -r ~/photos ada:/photos\n"
     "tar c . | spind put - ada:/backup.tar",
     kPutOptions, run_put, 1, 1},
    {"get", "SPACE:/path [LOCAL]", 1, 2, "fetch a file, or with -r the contents of a folder",
     "Files appear whole or not at all and have the mtime that they had. Nothing is written "
     "through\n"
     "a symbolic link or outside LOCAL. As with cp, the system decides when the bytes reach the\n"
     "disk; see --sync. LOCAL may be - for standard output.\n"
     "--json: {event:\"file\", path, id, version, size, sha256, local} a file, and\n"
     "        {event:\"done\", files, bytes, skipped, failed}",
     "spind get ada:/homework/essay.odt\n"
     "spind get --version 1 ada:/homework/essay.odt old.odt\n"
     "spind get -r ada:/photos ~/photos",
     kGetOptions, run_get, 0, 1},
    {"ls", "SPACE:/path", 1, 1, "list a folder",
     "--json: {id, path, kind, size, mtime_ns, etag, version, sha256, state} a node. The sha256 "
     "of\n"
     "        a folder is null; the state of a node whose content can be read is \"available\".",
     "spind ls ada:/\n"
     "spind ls -lr ada:/homework",
     kLsOptions, run_ls, 0, 1},
    {"tree", "SPACE:/path", 1, 1, "draw a folder and all that is below", "--json: as ls -r",
     "spind tree ada:/homework\n"
     "spind tree --at 2026-03-01T08:00:00Z ada:/homework",
     kReadOptions, run_tree, 0, 1},
    {"stat", "SPACE:/path...", 1, kOperandsMax, "what is known of a file or a folder",
     "SPACE:!42 is the node whose id is 42.\n"
     "--json: {id, path, kind, size, mtime_ns, etag, version, sha256, state}",
     "spind stat ada:/homework/essay.odt\n"
     "spind stat ada:!42",
     kReadOptions, run_stat, 0, kOperandsMax},
    {"cat", "SPACE:/path", 1, 1, "write a file's content to standard output",
     "Errors go to standard error, with --json too.",
     "spind cat ada:/notes.txt\n"
     "spind cat --version 1 ada:/notes.txt",
     kCatOptions, run_cat, 0, 1},
    {"mkdir", "SPACE:/path...", 1, kOperandsMax, "make a folder", "--json: {id, path, created}",
     "spind mkdir -p ada:/homework/maths", kMkdirOptions, run_mkdir, 0, kOperandsMax},
    {"mv", "SPACE:/from SPACE:/to", 2, 2, "move or rename a file or a folder",
     "Into the target if that is a folder. Ids and versions stay.\n--json: {id, path}",
     "spind mv ada:/draft.odt ada:/homework/essay.odt", kMvOptions, run_mv, 0, 2},
    {"cp", "SPACE:/from SPACE:/to", 2, 2, "copy a file or a folder, within a space or to another",
     "Into the target if that is a folder. The copy appears whole, and only current versions are\n"
     "copied. No content is read or stored anew, unless the spaces have different vaults.\n"
     "--json: {id, path}: of the copy",
     "spind cp ada:/draft.odt ada:/homework/essay.odt\n"
     "spind cp -r school:/templates ada:/new",
     kCpOptions, run_cp, 0, 2},
    {"rm", "SPACE:/path...", 1, kOperandsMax, "remove a file or a folder",
     "What is removed is kept in the trash.\n--json: {id, path}",
     "spind rm ada:/notes.txt\n"
     "spind rm -r ada:/old",
     kRmOptions, run_rm, 0, kOperandsMax},
    {"du", "SPACE:/path", 1, 1, "what lies below a folder and its subfolders",
     "Read from totals that each folder keeps, however much lies below.\n"
     "--json: {path, bytes, version_bytes, files, folders} a folder",
     "spind du ada:/\n"
     "spind du -d 2 ada:/",
     kDuOptions, run_du, 0, 1},
    {"prop get", "SPACE:/path [KEY...]", 1, kOperandsMax, "the properties of a file or a folder",
     "All of them, or those that are named. What is no text is shown as far as it is.\n"
     "--json: {key, value, size} a property",
     "spind prop get ada:/essay.odt", kReadOptions, run_prop_get, 0, 1},
    {"prop set",
     "SPACE:/path KEY VALUE",
     3,
     3,
     "set a property of a file or a folder",
     "--json: {id, path, changed}",
     "spind prop set ada:/essay.odt \"{DAV:}displayname\" \"My essay\"",
     {},
     run_prop_set,
     0,
     1},
    {"prop rm",
     "SPACE:/path KEY...",
     2,
     kOperandsMax,
     "remove properties of a file or a folder",
     "--json: {id, path, changed}",
     "spind prop rm ada:/essay.odt colour",
     {},
     run_prop_rm,
     0,
     1},
    {"tag add",
     "SPACE:/path TAG...",
     2,
     kOperandsMax,
     "tag a file or a folder",
     "--json: {id, path, changed}",
     "spind tag add ada:/essay.odt german 2026",
     {},
     run_tag_add,
     0,
     1},
    {"tag rm",
     "SPACE:/path TAG...",
     2,
     kOperandsMax,
     "take tags off a file or a folder",
     "--json: {id, path, changed}",
     "spind tag rm ada:/essay.odt 2026",
     {},
     run_tag_rm,
     0,
     1},
    {"tag list", "SPACE:/path | SPACE: TAG", 1, 2,
     "the tags of a file or a folder, or all of a space that have a tag",
     "What is in the trash is left out.\n"
     "--json: {tag} a tag; or {id, path, kind, size, mtime_ns, etag, version, sha256, state} a "
     "node",
     "spind tag list ada:/essay.odt\n"
     "spind tag list ada: german",
     kReadOptions, run_tag_list, 0, 1},
    {"favourite add",
     "SPACE:/path...",
     1,
     kOperandsMax,
     "make a file or a folder a favourite of yours",
     "Nobody else sees which ones you have.\n--json: {id, path}",
     "spind favourite add ada:/homework",
     {},
     run_favourite_add,
     0,
     kOperandsMax},
    {"favourite rm",
     "SPACE:/path...",
     1,
     kOperandsMax,
     "take a file or a folder off your favourites",
     "One that is gone is named by its id.\n"
     "--json: {id, path}; path is null if you cannot see it any more",
     "spind favourite rm ada:/homework\n"
     "spind favourite rm ada:!42",
     {},
     run_favourite_rm,
     0,
     kOperandsMax},
    {"favourite list",
     "",
     0,
     0,
     "your favourites in all spaces of the tenant",
     "What is gone, in the trash or in a disabled space is left out.\n"
     "--json: {id, path, kind, size, mtime_ns, etag, version, sha256, state, space} a node;\n"
     "        space is its space's id",
     "spind favourite list",
     {},
     run_favourite_list},
    {"changes", "SPACE:", 1, 1, "what happened in a space, in order",
     "A node is named by its id (as !42), and where the change knows it by its folder and name.\n"
     "--follow ends with an interrupt, and has the store to itself until then: a host that others\n"
     "write through follows by Space::wait or Space::watch.\n"
     "--json: {event:\"change\", number, time_ns, change, id, kind, parent, name, from_parent,\n"
     "        from_name, version, who, application, way, from_way} a change; kind is null where "
     "the\n"
     "        change does not say it, way has the ids from the root to parent. Behind those of a\n"
     "        page {event:\"cursor\", number, cursor}, for --since.",
     "spind changes ada:\n"
     "spind changes ada: --since 42\n"
     "spind changes ada: --follow --json",
     kChangesOptions, run_changes},
    {"versions",
     "SPACE:/path [list | restore N | pin N | unpin N | label N TEXT | remove N] | SPACE: thin", 1,
     4, "the versions of a file: list them, or change one; thin those of a space",
     "Restoring makes a new version with the content of an earlier one. A pinned version stays;\n"
     "the current one cannot be removed. Read one with cat or get --version. thin removes those\n"
     "that space set --versions says; a store that stays open does so by itself.\n"
     "--json: list: {number, size, mtime_ns, written_ns, author, sha256, current, pinned, label}\n"
     "        a version; thin: {versions, bytes}; else {id, path, version, changed}: the file and\n"
     "        its current version",
     "spind versions ada:/homework/essay.odt\n"
     "spind versions ada:/homework/essay.odt restore 3\n"
     "spind versions ada:/homework/essay.odt label 3 \"handed in\"\n"
     "spind versions ada: thin",
     kReadOptions, run_versions, 0, 1},
    {"trash", "SPACE: [list | restore ITEM | purge ITEM | empty]", 1, 3,
     "what was removed: list it, restore or purge an item, or empty all",
     "An item is named by the id that the list shows; ID/path is what lies below it, and can be\n"
     "restored alone. What is purged cannot be restored.\n"
     "--json: list: {id, path, kind, size, version_bytes, removed_ns, removed_by} an item;\n"
     "        restore: {id, path, restored}; purge: {id}; empty: {items, bytes}",
     "spind trash ada:\n"
     "spind trash ada: restore 42 --on-conflict keep-both\n"
     "spind trash ada: restore 42/sub/essay.odt --to /essay.odt\n"
     "spind trash ada: empty --older-than 2592000",
     kTrashOptions, run_trash},
    {"check", "", 0, 0, "look whether everything is as it must be",
     "Exit status 3 if something is not, and with --repair, if something still is not. What "
     "cannot\n"
     "be repaired is set aside: it stays, and is listed apart from then on.\n"
     "--json: {nodes, entries, findings, set_aside, details:[{kind, space, node, text}], aside,\n"
     "        locked}; findings and set_aside are numbers, details and aside have the first 1,000 "
     "of\n"
     "        each, locked counts spaces whose keys are not there.\n"
     "        With --repair also repaired, and left: the findings that still are.",
     "spind check\n"
     "spind check --content\n"
     "spind check --repair",
     kCheckOptions, run_check},
    {"scrub", "", 0, 0, "read and verify all stored bytes, and say which versions suffer",
     "An interrupted one goes on where it was. Exit status 3 if bytes are damaged, also where an\n"
     "earlier part of the same round found them.\n"
     "--json: {bytes, pieces, attachments, resumed, findings, findings_before,\n"
     "        details:[{kind, space, node, text}]}; details has the first 1,000 findings.",
     "spind scrub\n"
     "spind scrub --rate 20M",
     kScrubOptions, run_scrub},
    {"collect", "", 0, 0, "erase what spaces no longer keep, and bytes that nothing refers to",
     "A store that stays open does so by itself, once an hour.\n"
     "--json: {removed, bytes, kept, entries, nodes, versions, trash_items, thinned, spaces,\n"
     "        packs_rewritten, moved_bytes, locked}; of the past of spaces, entries of journals, "
     "and "
     "purged\n"
     "        nodes and versions; what policies of the trash and of versions drop; spaces that "
     "were\n"
     "        purged; and packs that were mostly dead and have been emptied.",
     "spind collect\n"
     "spind collect --now ada --grace 0",
     kCollectOptions, run_collect},
    {"checkpoint",
     "FOLDER",
     1,
     1,
     "copy the store to FOLDER",
     "While another program has the store open, that program makes the copy (Store::checkpoint).\n"
     "FOLDER is made, or must be empty. What never changes is shared by hard links, so it should "
     "lie\n"
     "on the same file system; copy it elsewhere from there. It is a store like any other.\n"
     "Exit status 3 if bytes are missing in the store itself.\n"
     "--json: {folder, objects, packs, copied_bytes, missing}",
     "spind checkpoint /srv/spind-today",
     {},
     run_checkpoint},
    {"doctor",
     "s3://BUCKET[/PREFIX] | DIR",
     1,
     1,
     "whether a bucket or a folder can hold a store's bytes, and what to do where not",
     "A few small things are written there and removed again. Credentials come from "
     "AWS_ACCESS_KEY_ID\n"
     "and AWS_SECRET_ACCESS_KEY, from a credentials file, or whence --credentials says. Exit "
     "status 3 if\n"
     "anything is not well.\n"
     "--json: {check, ok, finding, advice} a check",
     "spind doctor /srv/spind\n"
     "spind doctor s3://school-bytes/spind --endpoint https://s3.example.org",
     {},
     run_doctor},
    {"blobs flush",
     "",
     0,
     0,
     "bring to the bucket what was staged in the store's folder",
     "With --durability staged, small files lie there until a store that stays open has brought "
     "them\n"
     "to its bucket, or this command. Until then they are lost with the disk of this machine.\n"
     "--json: {bytes, left}; exit status 3 if some cannot be brought, since they are damaged",
     "spind put -r photos ada:/photos --durability staged && spind blobs flush",
     {},
     run_blobs_flush},
    {"key new",
     "FILE",
     1,
     1,
     "add a new random key to a key file",
     "The file is made for its owner alone if there is none. The new key stands behind the others\n"
     "and is the current one; they stay, since what they wrapped needs them. Keep a copy of the "
     "file\n"
     "apart from copies of the store. Every command takes the file as --vault-keys.\n"
     "--json: {file, key_id}",
     "spind key new /etc/spind/keys",
     {},
     run_key_new},
    {"vault list",
     "",
     0,
     0,
     "list whose keys an encrypted store has",
     "A space with a vault of its own is named beside its tenant.\n"
     "--json: {tenant, space, state, generation, key_id} a vault; space is empty for a tenant's",
     "spind vault list --vault-keys /etc/spind/keys",
     {},
     run_vault_list},
    {"vault rotate", "NAME", 1, 1, "wrap a tenant's keys with the newest key of the key file",
     "With --data-key also makes a new key for content that is stored from now on.\n"
     "--json: {tenant, space, state, generation, key_id}",
     "spind key new /etc/spind/keys && spind vault rotate school-12", kVaultRotateOptions,
     run_vault_rotate},
    {"vault encrypt", "[NAME]", 0, 1, "encrypt what a store holds that was made without keys",
     "From the first time on the store needs the key file, what comes is encrypted, and names of "
     "files\n"
     "stay readable. Without a name all tenants and spaces are encrypted, one after the other, "
     "while\n"
     "the store is in use; what was stopped goes on when it is run again. Plain files go with the "
     "next\n"
     "collections, a day later. Copies of the store, and versions that a bucket keeps, stay "
     "plain.\n"
     "--json: {tenant, space, finished, pieces, bytes, rows, left} a vault; exit status 3 if "
     "anything\n"
     "        is left",
     "spind key new /etc/spind/keys && spind vault encrypt --vault-keys /etc/spind/keys",
     kVaultEncryptOptions, run_vault_encrypt},
    {"vault reseal", "NAME", 1, 1,
     "encrypt with the newest data key what a tenant stored before it",
     "In the background of what else the store does; one that was stopped goes on when it is run\n"
     "again. What lay under the earlier key goes with the next collection.\n"
     "--json: {pieces, bytes, left}; exit status 3 if pieces are left",
     "spind vault rotate school-12 --data-key && spind vault reseal school-12 --rate 50M",
     kVaultResealOptions, run_vault_reseal},
    {"vault rewrap",
     "",
     0,
     0,
     "wrap all keys with the newest key of the key file",
     "Once it has ended well, the older keys may go from the file.\n"
     "--json: {wrapped}",
     "spind vault rewrap",
     {},
     run_vault_rewrap},
    {"vault destroy", "NAME", 1, 1,
     "destroy a tenant's keys, or a space's: nothing stored there can be read any more",
     "Nothing brings it back, here or in copies of the store that lack its folder vaults; copies\n"
     "that have that folder must be destroyed as well.\n"
     "--json: {name}",
     "spind vault destroy school-12 --really school-12", kVaultDestroyOptions, run_vault_destroy},
    {"blobs status",
     "",
     0,
     0,
     "where the store's bytes lie",
     "--json: {backend, pending, missing, healed, move_started, read_only, unfenced,\n"
     "        left_behind}; backend is \"folder\" or what --blobs says; pending are bytes that "
     "are\n"
     "        still to be brought; left_behind: see blobs empty",
     "spind blobs status",
     {},
     run_blobs_status},
    {"blobs move", "s3://BUCKET[/PREFIX] | DIR | folder", 1, 1,
     "move the store's bytes to an empty place, or back to its own folder",
     "--blobs says where they lie now; --endpoint and its like are of both places. One that was\n"
     "stopped goes on when it is run again; until it has ended well the store lies where it did.\n"
     "--json: {backend, blobs, bytes, damaged, old_place_emptied}; exit status 3 if some were\n"
     "        damaged before, which are copied as they are",
     "spind blobs move s3://school/spind --endpoint https://minio.example:9000\n"
     "spind blobs move folder --blobs s3://school/spind",
     kBlobsMoveOptions, run_blobs_move},
    {"blobs empty",
     "s3://BUCKET[/PREFIX] | DIR | folder",
     1,
     1,
     "remove what lies where the store's bytes were moved away from",
     "blobs move ends with it; this is for one that was stopped there. A place that the store did\n"
     "not leave is refused.\n"
     "--json: {emptied}",
     "spind blobs empty s3://old-bucket/spind --blobs s3://school/spind",
     {},
     run_blobs_empty},
    {"metrics",
     "",
     0,
     0,
     "the store's metrics in Prometheus text",
     "--json: {name, labels, value} a sample; the value is text, since it may be +Inf",
     "spind metrics",
     {},
     run_metrics},
    {"verify", "LOCAL SPACE:/path", 2, 2, "compare local files with stored ones, byte for byte",
     "Missing is what only LOCAL has, extra what only the space has. Exit status 3 if anything\n"
     "differs.\n"
     "--json: {same, different, missing, extra, differences:[{path, what}]}; differences has the\n"
     "        first 1,000.",
     "spind verify ~/photos ada:/photos", kVerifyOptions, run_verify, 1, 1},
    {"rewind", "SPACE:", 1, 1, "make a space again what it was, as after an attack",
     "All files, folders, versions and the trash are again as they were at the point that --to\n"
     "gives, by one change. What is undone stays in the journal: rewinding to the entry before "
     "the\n"
     "rewind undoes it. The space's own name and alias stay.\n"
     "--json: {space, entry, before}; entry is that of the rewind, 0 if there was nothing to do;\n"
     "        before is the last entry before it.",
     "spind rewind ada: --to 2026-03-01T08:00:00Z\n"
     "spind rewind ada: --to 120",
     kRewindOptions, run_rewind, 0, 1},
    {"upload",
     "SPACE: [list | start /PATH BYTES | append ID LOCAL | finish ID | abort ID | release ID | "
     "quarantine ID]",
     1, 4, "uploads that outlive an interruption: begin one, go on with it, end it",
     "append sends what of LOCAL is not there yet; run it again after an interruption. Nobody "
     "sees\n"
     "the file before finish; an upload to which nothing comes for a day is given up. What is "
     "held\n"
     "becomes the file's version with release, and is discarded with abort.\n"
     "--json: list, start, append: {id, target, size, offset, state, starter, started_ns,\n"
     "        expires_ns} an upload; else {upload, id, version}: of the file, 0 if there is none.",
     "spind upload ada: start /film.mp4 734003200\n"
     "spind upload ada: append 42 film.mp4\n"
     "spind upload ada: finish 42\n"
     "spind upload ada:",
     kUploadOptions, run_upload},
    {"version",
     "",
     0,
     0,
     "which spind this is",
     "--json: {version, format, commit}",
     "spind version",
     {},
     run_version},
    {"completion",
     "bash|zsh|fish",
     1,
     1,
     "write a completion script for a shell",
     "",
     "source <(spind completion bash)\n"
     "spind completion zsh > ~/.zfunc/_spind\n"
     "spind completion fish > ~/.config/fish/completions/spind.fish",
     {},
     run_completion},
};

void append_options(std::string& out, std::span<const Option> options) {
  for (const Option& option : options) {
    std::string left = option.letter == 0 ? "      " : std::string("  -") + option.letter + ", ";
    left += "--" + std::string(option.name);
    if (!option.value.empty()) left += " " + std::string(option.value);
    if (left.size() < 28) left.resize(28, ' ');
    out += left + " " + std::string(option.help) + "\n";
  }
}

void append_indented(std::string& out, std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    out += "  " + std::string(lines.substr(0, end)) + "\n";
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

std::span<const Option> common_options() { return kCommonOptions; }

std::string usage_line(const Command& command) {
  std::string out = "spind " + std::string(command.name);
  if (!command.options.empty()) out += " [OPTIONS]";
  if (!command.operands.empty()) out += " " + std::string(command.operands);
  return out;
}

std::string command_help(const Command& command) {
  std::string out = usage_line(command) + "\n" + std::string(command.summary) + "\n";
  if (!command.details.empty()) out += "\n" + std::string(command.details) + "\n";
  if (!command.options.empty()) {
    out += "\nOptions\n";
    append_options(out, command.options);
  }
  out += "\nOptions of every command\n";
  append_options(out, kCommonOptions);
  out += "\nExamples\n";
  append_indented(out, command.examples);
  return out;
}

std::string overview_help() {
  std::string out =
      "spind: spaces of versioned files in a local store\n\n"
      "Usage: spind [OPTIONS] COMMAND ...; more with spind COMMAND --help\n\nCommands\n";
  for (const Command& command : kCommands) {
    std::string left = "  " + std::string(command.name);
    if (left.size() < 16) left.resize(16, ' ');
    out += left + " " + std::string(command.summary) + "\n";
  }
  out += "\nOptions of every command\n";
  append_options(out, kCommonOptions);
  out +=
      "\nA place is SPACE:/path, where SPACE is a space's id or alias; SPACE:!42 names a node by "
      "its\n"
      "id. Exit status: 0 done, 1 failed, 2 wrong usage, 3 differences or damage found. With "
      "--json,\n"
      "an error is {error:{code, text, path, retryable}}.\n\n"
      "Examples\n"
      "  export SPIND_STORE=/srv/spind\n"
      "  spind init\n"
      "  spind space create ada\n"
      "  spind put -r ~/photos ada:/photos\n"
      "  spind verify ~/photos ada:/photos\n";
  return out;
}

}  // namespace spind::tool
