using System.Net;
using BlazeGateway.Api.Access;
using BlazeGateway.Configuration.Options;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Tests.Api.Access;

public sealed class AdminTokenTests
{
    private static readonly Dictionary<string, AdminTokenOptions> None = [];

    private static AdminTokens Tokens(AdminOptions options, FakeTimeProvider? time = null) => new(options, time ?? new FakeTimeProvider());

    private static Dictionary<string, AdminTokenOptions> One(string name, string token, DateTimeOffset? expires = null) =>
        new(StringComparer.OrdinalIgnoreCase) { [name] = GuardedHost.Entry(name, token, expires) };

    [Fact]
    public void Tokens_differ_and_only_their_hash_lets_in()
    {
        var texts = Enumerable.Range(0, 1000).Select(_ => AdminTokenText.Create()).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(1000, texts.Count);
        Assert.All(texts, text => Assert.Matches("^blaze-admin-[A-Za-z0-9_-]{43}$", text));

        var token = texts.First();
        var tokens = Tokens(new AdminOptions { Tokens = One("operator", token) });
        Assert.Equal(new AdminCaller("operator", AdminRole.Operator), tokens.Find(token, out var error));
        Assert.Null(error);
        Assert.All(texts.Skip(1).Append("").Append(token + " ").Append(new string('a', 257)), other =>
        {
            Assert.Null(tokens.Find(other, out var reason));
            Assert.Equal(AdminError.TokenInvalid, reason);
        });
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, false)]
    [InlineData(1, false)]
    public void A_token_is_good_until_it_expires(int seconds, bool isGood)
    {
        var time = new FakeTimeProvider();
        var token = AdminTokenText.Create();
        var tokens = Tokens(new AdminOptions { Tokens = One("viewer", token, time.GetUtcNow().AddDays(1)) }, time);
        time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromSeconds(seconds));
        Assert.Equal(isGood, tokens.Find(token, out var error) is not null);
        Assert.Equal(isGood ? null : AdminError.TokenExpired, error);
    }

    [Fact]
    public void A_token_that_was_taken_away_lets_nobody_in_and_neither_does_its_absence()
    {
        var token = AdminTokenText.Create();
        var tokens = Tokens(new AdminOptions());
        Assert.False(tokens.AreRequired);

        tokens.Replace(One("admin", token));
        Assert.True(tokens.AreRequired);
        Assert.NotNull(tokens.Find(token, out _));

        tokens.Replace(None);
        Assert.True(tokens.AreRequired);
        Assert.Null(tokens.Find(token, out _));
    }

    [Theory]
    [InlineData("http://127.0.0.1:8090", false)]
    [InlineData("http://localhost:8090", false)]
    [InlineData("http://[::1]:8090", false)]
    [InlineData("http://127.8.9.10:8090", false)]
    [InlineData("http://0.0.0.0:8090", true)]
    [InlineData("http://[::]:8090", true)]
    [InlineData("http://*:8090", true)]
    [InlineData("http://10.0.0.1:8090", true)]
    [InlineData("https://192.168.1.1:8090", true)]
    public void What_other_machines_reach_needs_a_token_whatever_is_configured(string url, bool needed) =>
        Assert.Equal(needed, Tokens(new AdminOptions { Url = url }).AreRequired);

    [Fact]
    public async Task Without_tokens_a_caller_on_this_machine_does_everything()
    {
        await using var host = await GuardedHost.StartAsync(options => options with { Tokens = None });
        foreach (var endpoint in RoleMatrixTests.Endpoints(host))
        {
            using var answer = await host.SendAsync(new HttpMethod(RoleMatrixTests.Methods(endpoint)[0]), RoleMatrixTests.PathOf(endpoint));
            Assert.True(answer.IsSuccessStatusCode, $"{endpoint.RoutePattern.RawText}: {(int)answer.StatusCode}");
        }
    }

    [Fact]
    public async Task A_change_of_the_tokens_takes_effect_at_once()
    {
        await using var host = await GuardedHost.StartAsync();
        var tokens = host.Host.Services.GetRequiredService<AdminTokens>();
        Assert.Equal(HttpStatusCode.OK, (await host.SendAsync(HttpMethod.Get, "/api/v1/config", "viewer")).StatusCode);
        tokens.Replace(One("admin", GuardedHost.Tokens["admin"]));
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.SendAsync(HttpMethod.Get, "/api/v1/config", "viewer")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.SendAsync(HttpMethod.Get, "/api/v1/config", "admin")).StatusCode);
    }

    [Theory]
    [InlineData(false, HttpStatusCode.Unauthorized)]
    [InlineData(true, HttpStatusCode.OK)]
    public async Task Metrics_are_open_only_if_the_configuration_says_so(bool open, HttpStatusCode expected)
    {
        await using var host = await GuardedHost.StartAsync(options => options with { OpenMetrics = open });
        Assert.Equal(expected, (await host.SendAsync(HttpMethod.Get, "/metrics")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.SendAsync(HttpMethod.Get, "/api/v1/config")).StatusCode);
    }
}
