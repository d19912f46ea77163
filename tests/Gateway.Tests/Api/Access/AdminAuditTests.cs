using System.Globalization;
using System.Net;
using System.Text.Json;
using BlazeGateway.Api.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BlazeGateway.Tests.Api.Access;

public sealed class AdminAuditTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static LogEntry Line(GuardedHost host) => Assert.Single(host.Host.Log.Of("BlazeGateway.Audit"));

    [Theory]
    [InlineData("operator", "operator (operator) from 127.0.0.1: reload configuration: done 200", LogLevel.Information)]
    [InlineData("viewer", "viewer (viewer) from 127.0.0.1: reload configuration: role_too_low 403", LogLevel.Warning)]
    [InlineData("expired", "anonymous (anyone) from 127.0.0.1: reload configuration: token_expired 401", LogLevel.Warning)]
    [InlineData(null, "anonymous (anyone) from 127.0.0.1: reload configuration: token_missing 401", LogLevel.Warning)]
    public async Task A_change_has_one_line_done_or_refused(string? token, string text, LogLevel level)
    {
        await using var host = await GuardedHost.StartAsync();
        using var answer = await host.SendAsync(HttpMethod.Post, "/api/v1/config/reload?secret=canary", token);
        await EndOfRequestAsync(host);
        Assert.Equal((text, level), (Line(host).Text, Line(host).Level));
        Assert.Equal(((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture), Line(host).Fields["Status"]!.ToString());
        Assert.Equal(["Action", "Address", "Result", "Role", "Status", "Target", "Who", "{OriginalFormat}"], Line(host).Fields.Keys.Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    [Fact]
    public async Task Without_tokens_the_caller_is_local()
    {
        await using var host = await GuardedHost.StartAsync(options => options with { Tokens = [] });
        using var answer = await host.SendAsync(HttpMethod.Post, "/api/v1/config/reload");
        await EndOfRequestAsync(host);
        Assert.Equal("local (admin) from 127.0.0.1: reload configuration: done 200", Line(host).Text);
    }

    [Fact]
    public async Task A_reload_that_fails_is_told_as_such()
    {
        await using var host = await GuardedHost.StartAsync(refuseReload: true);
        using var answer = await host.SendAsync(HttpMethod.Post, "/api/v1/config/reload", "admin");
        await EndOfRequestAsync(host);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal("admin (admin) from 127.0.0.1: reload configuration: configuration_invalid 422", Line(host).Text);
    }

    [Fact]
    public async Task Reading_leaves_no_line_and_a_path_of_the_callers_is_not_repeated()
    {
        await using var host = await GuardedHost.StartAsync();
        using var read = await host.SendAsync(HttpMethod.Get, "/api/v1/config", "viewer");
        using var refused = await host.SendAsync(HttpMethod.Get, "/api/v1/config");
        await EndOfRequestAsync(host);
        Assert.Empty(host.Host.Log.Of("BlazeGateway.Audit"));

        using var unknown = await host.SendAsync(HttpMethod.Delete, "/canary", "admin");
        await EndOfRequestAsync(host);
        Assert.Equal("admin (admin) from 127.0.0.1: none none: path_not_found 404", Line(host).Text);
        Assert.DoesNotContain(host.Host.Log.All, entry => entry.Category.StartsWith("BlazeGateway", StringComparison.Ordinal) && entry.Text.Contains("canary", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_action_whose_caller_leaves_is_not_told_as_done()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await GuardedHost.StartAsync(more: endpoints => endpoints.MapAction("/waits", new AdminAction("wait", "test"), async context =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        }).RequireRole(AdminRole.Operator));
        using var leaving = new CancellationTokenSource();
        var sending = host.SendAsync(HttpMethod.Post, "/waits", "operator", cancellationToken: leaving.Token);
        await begun.Task;
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);

        // Its connection is gone, so nothing that comes later tells when it has ended.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!host.Host.Log.Of("BlazeGateway.Audit").Any())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, patience.Token);
        }

        Assert.Equal(("operator (operator) from 127.0.0.1: wait test: broken_off 499", LogLevel.Warning), (Line(host).Text, Line(host).Level));
    }

    [Fact]
    public async Task Values_of_a_path_are_told_without_what_could_break_a_line()
    {
        await using var host = await GuardedHost.StartAsync(more: endpoints =>
            endpoints.MapAction("/api/v1/clusters/{cluster}/destinations/{destination}/drain", new AdminAction("drain", "destination"), _ => Task.CompletedTask)
                .RequireRole(AdminRole.Operator));
        using var answer = await host.SendAsync(HttpMethod.Post, "/api/v1/clusters/llm/destinations/gpu-a~b/drain", "operator");
        await EndOfRequestAsync(host);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("operator (operator) from 127.0.0.1: drain destination llm/gpu-a?b: done 200", Line(host).Text);
    }

    [Fact]
    public async Task A_fault_of_ours_is_a_problem_and_tells_only_its_kind()
    {
        await using var host = await GuardedHost.StartAsync(more: endpoints =>
        {
            endpoints.MapAction("/fails", new AdminAction("fail", "test"), _ => throw new InvalidOperationException("canary")).RequireRole(AdminRole.Operator);
            endpoints.MapAction("/reads", new AdminAction("read", "test"), context => context.Request.Body.CopyToAsync(Stream.Null)).RequireRole(AdminRole.Operator);
            endpoints.MapRead("/conflicts", context =>
            {
                context.Response.StatusCode = StatusCodes.Status409Conflict;
                return Task.CompletedTask;
            }).RequireRole(AdminRole.Viewer);
        });
        using var failed = await host.SendAsync(HttpMethod.Post, "/fails", "operator");
        Assert.Equal((500, "internal_error"), await ProblemAsync(failed));
        Assert.DoesNotContain("canary", await failed.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);

        using var chunks = new StreamContent(new MemoryStream(new byte[AdminGuard.MaxBodyBytes + 1]));
        chunks.Headers.ContentType = new("application/json");
        using var large = await host.SendAsync(HttpMethod.Post, "/reads", "operator", chunks);
        Assert.Equal((413, "body_too_large"), await ProblemAsync(large));

        using var conflict = await host.SendAsync(HttpMethod.Get, "/conflicts", "viewer");
        Assert.Equal((409, "invalid_request"), await ProblemAsync(conflict));

        await EndOfRequestAsync(host);
        Assert.Contains(host.Host.Log.All, entry => entry.Text == "The admin plane failed: System.InvalidOperationException");
        Assert.DoesNotContain(host.Host.Log.All, entry => entry.Text.Contains("canary", StringComparison.Ordinal));
    }

    private static async Task<(int, string?)> ProblemAsync(HttpResponseMessage answer)
    {
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel)).RootElement;
        Assert.Equal((int)answer.StatusCode, problem.GetProperty("status").GetInt32());
        return ((int)answer.StatusCode, problem.GetProperty("code").GetString());
    }

    // The line is written after the answer; on one connection the next request is read when the one before has ended.
    private static async Task EndOfRequestAsync(GuardedHost host) => (await host.Client.GetAsync("/livez", Cancel)).Dispose();
}
