using System.Text.Json;
using System.Text.Json.Nodes;
using BlazeGateway.Api.Access;
using BlazeGateway.CommandLine;
using BlazeGateway.Configuration;
using BlazeGateway.Tests.Configuration;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Tests.CommandLine;

public sealed class TokenCommandTests
{
    private static (int Code, string Out, string Remarks) Run(string name, string role = "viewer", string? expires = null, bool asJson = false, FakeTimeProvider? time = null)
    {
        using var output = new StringWriter();
        using var remarks = new StringWriter();
        var code = TokenCommand.Run(name, role, expires, asJson, time ?? new FakeTimeProvider(), output, remarks);
        return (code, output.ToString(), remarks.ToString());
    }

    [Fact]
    public async Task What_it_prints_lets_the_token_in()
    {
        var (code, output, remarks) = Run("alice", "operator", "90d");
        Assert.Equal(0, code);
        var token = output[..output.IndexOf('\n', StringComparison.Ordinal)].TrimEnd();
        Assert.DoesNotContain(token, remarks, StringComparison.Ordinal);

        using var directory = new TestDirectory();
        directory.Write("appsettings.json", output[output.IndexOf('{', StringComparison.Ordinal)..]);
        Assert.Empty(await TestDirectory.CheckAsync(directory.Sources));
        var time = new FakeTimeProvider();
        var tokens = new AdminTokens(ConfigurationLoader.Load(directory.Sources).ReadProcessOptions().Admin, time);
        Assert.Equal(new AdminCaller("alice", AdminRole.Operator), tokens.Find(token, out _));

        time.Advance(TimeSpan.FromDays(90));
        Assert.Null(tokens.Find(token, out var error));
        Assert.Equal(AdminError.TokenExpired, error);
    }

    [Fact]
    public void As_json_token_and_configuration_stand_apart()
    {
        var (code, output, _) = Run("alice", "admin", "2030-01-31T02:00:00+02:00", asJson: true);
        var json = JsonDocument.Parse(output).RootElement;
        var token = json.GetProperty("token").GetString()!;
        Assert.Equal(0, code);
        Assert.Equal("alice", json.GetProperty("name").GetString());
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse($$"""
                { "Admin": { "Tokens": { "alice": { "Hash": "{{Convert.ToHexStringLower(AdminTokenText.HashOf(token))}}", "Role": "admin", "Expires": "2030-01-31T00:00:00Z" } } } }
                """),
            JsonNode.Parse(json.GetProperty("configuration").GetRawText())));
    }

    [Theory]
    [InlineData("local", null, "'local' cannot be the name of a token")]
    [InlineData("a b", null, "'a b' cannot be the name of a token")]
    [InlineData("alice", "tomorrow", "--expires is 'tomorrow'")]
    [InlineData("alice", "0d", "--expires is '0d'")]
    [InlineData("alice", "-1d", "--expires is '-1d'")]
    [InlineData("alice", "36501d", "--expires is '36501d'")]
    [InlineData("alice", "1999-12-31T00:00:00Z", "--expires is '1999-12-31T00:00:00Z'")]
    [InlineData("alice", "2030-01-31T00:00:00", "--expires is '2030-01-31T00:00:00'")]
    [InlineData("alice", "2030-01-31", "--expires is '2030-01-31'")]
    public void Bad_words_make_no_token(string name, string? expires, string expected)
    {
        var (code, output, remarks) = Run(name, expires: expires);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains(expected, remarks, StringComparison.Ordinal);
    }
}
