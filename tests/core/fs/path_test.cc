// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/path_test.cc - walks: core/fs/path.h, clause by clause.

#include "tests/core/fs/vfs.h"

namespace {

class PathTest : public testing::Test {
public:
    void SetUp() override
    {
        ASSERT_EQ(0, vfs_.Dir("d"));
        ASSERT_EQ(0, vfs_.Dir("d/e"));
        vfs_.Write("f", "file");
        vfs_.Write("d/g", "inner");
        ASSERT_EQ(0, vfs_.Link("f", "l"));
        ASSERT_EQ(0, vfs_.Link("d", "dl"));
        ASSERT_EQ(0, vfs_.Link("/d/g", "abs"));
        ASSERT_EQ(0, vfs_.Link("../f", "d/up"));
        ASSERT_EQ(0, vfs_.Link("nowhere", "dangling"));
        ASSERT_EQ(0, vfs_.Link("loop2", "loop1"));
        ASSERT_EQ(0, vfs_.Link("loop1", "loop2"));
    }
    // By what the cache knows, and when it knows nothing.
    void Check(const std::string &path, int want, unsigned flags = PATH_FOLLOW)
    {
        while (dentry_shrink(nullptr) > 0)
            ;
        EXPECT_EQ(want, vfs_.Find(path, flags)) << path << ", slowly";
        EXPECT_EQ(want, vfs_.Find(path, flags)) << path << ", fast";
    }
    // Who is not root.
    cred *Somebody(lx_uid_t uid, lx_gid_t gid)
    {
        cred *fresh;
        EXPECT_EQ(0, cred_copy(vfs_.root, &fresh));
        EXPECT_EQ(0, cred_set_gids(fresh, gid, gid, gid));
        EXPECT_EQ(0, cred_set_uids(fresh, uid, uid, uid));
        return fresh;
    }
    Vfs vfs_;
};

TEST_F(PathTest, Finds)
{
    for (const char *path :
         {"/",   ".",      "..",    "/..",  "f",    "/f",    "//f",
          "./f", "d/../f", "d/./g", "d//g", "d/",   "d/e/",  "d/e/../../f",
          "l",   "dl/g",   "dl/",   "abs",  "d/up", "dl/up", "/d/e/.."})
        Check(path, 0);
    EXPECT_EQ(vfs_.Number("f"), vfs_.Number("l"));
    EXPECT_NE(vfs_.Number("l"), vfs_.Number("l", 0));
    EXPECT_EQ(vfs_.Number("d"), vfs_.Number("dl/", 0));
    EXPECT_EQ(vfs_.Number("f"), vfs_.Number("dl/up"));
}

TEST_F(PathTest, Errors)
{
    Check("", -ENOENT);
    Check("", 0, PATH_EMPTY);
    Check("none", -ENOENT);
    Check("none/x", -ENOENT);
    Check("d/none", -ENOENT);
    Check("f/x", -ENOTDIR);
    Check("f/", -ENOTDIR);
    Check("f/.", -ENOTDIR);
    Check("f/..", -ENOTDIR);
    Check("l/", -ENOTDIR, 0);
    Check("f", -ENOTDIR, PATH_DIRECTORY);
    Check("dangling", -ENOENT);
    Check("dangling", 0, 0);
    Check("loop1", -ELOOP);
    Check("loop1", 0, 0);
    Check("loop1/x", -ELOOP, 0);
    Check(std::string(256, 'x'), -ENAMETOOLONG);
    Check(std::string(255, 'x'), -ENOENT);
}

TEST_F(PathTest, FortyLinksAndNoMore)
{
    std::string at = "f";
    for (int i = 1; i <= 41; i++) {
        ASSERT_EQ(0, vfs_.Link(at, "c" + std::to_string(i)));
        at = "c" + std::to_string(i);
    }
    Check("c40", 0);
    Check("c41", -ELOOP);
}

TEST_F(PathTest, ResolveFlags)
{
    Check("l", -ELOOP, PATH_FOLLOW | PATH_NO_LINKS);
    Check("l", 0, PATH_NO_LINKS);
    Check("dl/g", -ELOOP, PATH_NO_LINKS);
    Check("d/g", 0, PATH_BENEATH);
    Check("/d/g", -EXDEV, PATH_BENEATH);
    Check("abs", -EXDEV, PATH_FOLLOW | PATH_BENEATH);
    Check("..", -EXDEV, PATH_BENEATH);
    Check("d/../f", 0, PATH_BENEATH);
    Check("../../f", 0, PATH_IN_ROOT);
    while (dentry_shrink(nullptr) > 0)
        ;
    EXPECT_EQ(-EAGAIN, vfs_.Find("d/g", PATH_CACHED));
    EXPECT_EQ(0, vfs_.Find("d/g"));
    EXPECT_EQ(0, vfs_.Find("d/g", PATH_CACHED));
}

TEST_F(PathTest, TheRootOfTheContextIsTheEnd)
{
    path d;
    ASSERT_EQ(0, path_find(&vfs_.ask, "d", &d));
    context_set_root(vfs_.context, &d);
    Check("/g", 0);
    Check("/../g", 0);
    Check("/f", -ENOENT);
    Check("f", 0); // the working directory is where it was
    Check("/e/../../../g", 0);
    EXPECT_EQ("/g", vfs_.Text("/g"));
    EXPECT_EQ("(unreachable)/f", vfs_.Text("f"));
    path_put(&d);
}

TEST_F(PathTest, SearchPermissionInEveryComponent)
{
    cred *other = Somebody(7, 7);
    ASSERT_EQ(0, vfs_.Dir("shut", 0700));
    ASSERT_EQ(0, vfs_.Dir("shut/in"));
    ASSERT_EQ(0, vfs_.Link("shut/in", "way"));
    vfs_.ask.cred = other;
    Check("shut", 0);
    Check("shut/in", -EACCES);
    Check("shut/none", -EACCES);
    Check("shut/.", -EACCES);
    Check("shut/..", -EACCES);
    Check("way", -EACCES);
    vfs_.ask.cred = vfs_.root;
    Check("shut/in", 0);
    cred_put(other);
}

TEST_F(PathTest, OwnersGroupsAndCapabilities)
{
    struct {
        uint32_t mode;
        lx_uid_t uid;
        lx_gid_t gid;
        unsigned may; // of somebody with uid 7 and gid 8
    } table[] = {
        {0700, 7, 0, 7}, {0070, 7, 8, 0}, {0007, 7, 8, 0}, {0070, 0, 8, 7},
        {0707, 0, 8, 0}, {0007, 0, 0, 7}, {0640, 0, 8, 4}, {0444, 0, 0, 4},
        {0311, 7, 0, 3}, {0571, 0, 8, 7},
    };
    cred *other = Somebody(7, 8);
    path found;
    ASSERT_EQ(0, path_find(&vfs_.ask, "f", &found));
    inode *node = path_inode(&found);
    for (auto &row : table) {
        inode_change change = {};
        change.fields = CHANGE_MODE | CHANGE_UID | CHANGE_GID;
        change.mode = row.mode;
        change.uid = row.uid;
        change.gid = row.gid;
        ASSERT_EQ(0, inode_apply(node, vfs_.root, &change));
        for (unsigned want = 1; want < 8; want++) {
            EXPECT_EQ((want & ~row.may) == 0 ? 0 : -EACCES,
                      inode_may(node, other, want))
                << std::oct << row.mode << " " << want;
            bool x = (row.mode & 0111) != 0 || (want & MAY_EXEC) == 0;
            EXPECT_EQ(x ? 0 : -EACCES, inode_may(node, vfs_.root, want));
        }
    }
    path_put(&found);
    cred_put(other);
}

TEST_F(PathTest, TextOfPaths)
{
    EXPECT_EQ("/", vfs_.Text("/"));
    EXPECT_EQ("/d/e", vfs_.Text("dl/e/."));
    file *f;
    ASSERT_EQ(0, vfs_.Open("d/g", LX_O_RDONLY, 0, &f));
    ASSERT_EQ(0, vfs_.Rename("d", "moved"));
    EXPECT_EQ("/moved/e", vfs_.Text("moved/e"));
    char buffer[64];
    const char *text;
    path top;
    context_root(vfs_.context, &top);
    EXPECT_EQ(8, path_text(&f->path, &top, buffer, sizeof(buffer), &text));
    EXPECT_STREQ("/moved/g", text);
    ASSERT_EQ(0, vfs_.Unlink("moved/g"));
    EXPECT_EQ(18, path_text(&f->path, &top, buffer, sizeof(buffer), &text));
    EXPECT_STREQ("/moved/g (deleted)", text);
    EXPECT_EQ(-ENAMETOOLONG, path_text(&f->path, &top, buffer, 18, &text));
    path_put(&top);
    file_put(f);
}

TEST_F(PathTest, EveryAllocationMayFail)
{
    Vfs *vfs = &vfs_;
    Vfs::Sweep([vfs] {
        while (dentry_shrink(nullptr) > 0)
            ;
        return vfs->Find("dl/up");
    });
}

} // namespace
