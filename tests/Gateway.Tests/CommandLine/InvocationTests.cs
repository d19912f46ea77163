using BlazeGateway.CommandLine;
using BlazeGateway.Tests.Configuration;

namespace BlazeGateway.Tests.CommandLine;

public sealed class InvocationTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_name_alone_when_the_shell_finds_it()
    {
        _directory.Write("blaze", "");
        Assert.Equal("blaze", Invocation.Of(_directory.In("blaze"), "/x", $"/nowhere{Path.PathSeparator}{_directory.Path}", "/"));
    }

    [Fact]
    public void The_name_alone_when_the_shell_finds_a_link_to_it()
    {
        _directory.Write("blaze", "");
        File.CreateSymbolicLink(Path.Combine(_directory.Secrets, "blaze"), _directory.In("blaze"));
        Assert.Equal("blaze", Invocation.Of(_directory.In("blaze"), "/x", _directory.Secrets, "/"));
    }

    [Fact]
    public void The_path_when_the_shell_would_find_another()
    {
        _directory.Write("blaze", "");
        _directory.Write("secrets/blaze", "");
        Assert.Equal(_directory.In("blaze"), Invocation.Of(_directory.In("blaze"), "/x", _directory.Secrets, _directory.Secrets));
    }

    [Theory]
    [InlineData("/a/b/blaze", "/", "a/b/blaze")]
    [InlineData("/a/b/blaze", "/a/b", "./blaze")]
    [InlineData("/a/b/blaze", "/c", "/a/b/blaze")]
    [InlineData("/a b/blaze", "/c", "\"/a b/blaze\"")]
    [InlineData("/usr/bin/dotnet", "/lib/x", "dotnet ./blaze.dll")]
    [InlineData("/usr/bin/dotnet", "/c", "dotnet /lib/x/blaze.dll")]
    [InlineData(null, "/c", "dotnet /lib/x/blaze.dll")]
    public void Else_the_shortest_words_that_work(string? process, string here, string expected) =>
        Assert.Equal(expected, Invocation.Of(process, "/lib/x/", null, here));
}
