using BlazeGateway.Configuration.Reload;

namespace BlazeGateway.Tests.Configuration.Reload;

/// <summary>What is served in the end is what the files hold in the end, whoever reads them in between.</summary>
public sealed class ReloadOrderTests : IAsyncLifetime
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly WatchedConfiguration _files = new();

    public async ValueTask InitializeAsync() => await _files.Provider.LoadAsync(cancellationToken: TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _files.DisposeAsync();

    [Fact]
    public async Task What_is_put_back_after_a_reload_on_request_is_served_again()
    {
        Assert.Null(await _files.LookForAsync(Second));
        _files.WritePath("/new/{**rest}");
        Assert.Equal(ReloadOutcome.Applied, (await _files.Provider.ReloadNowAsync(TestContext.Current.CancellationToken)).Outcome);

        _files.WritePath("/files/{**rest}");
        Assert.Equal(ReloadOutcome.Applied, (await _files.LookForAsync(Second))?.Outcome);
        Assert.Equal("/files/{**rest}", _files.ServedPath);
    }

    [Fact]
    public async Task What_the_watcher_took_and_is_put_back_by_a_reload_on_request_may_come_again()
    {
        _files.WritePath("/new/{**rest}");
        Assert.Equal(ReloadOutcome.Applied, (await _files.LookForAsync(Second))?.Outcome);
        _files.WritePath("/files/{**rest}");
        Assert.Equal(ReloadOutcome.Applied, (await _files.Provider.ReloadNowAsync(TestContext.Current.CancellationToken)).Outcome);

        _files.WritePath("/new/{**rest}");
        Assert.Equal(ReloadOutcome.Applied, (await _files.LookForAsync(Second))?.Outcome);
        Assert.Equal("/new/{**rest}", _files.ServedPath);
    }

    [Fact]
    public async Task What_was_refused_on_request_and_put_right_is_taken_and_clears_the_errors()
    {
        _files.Directory.Write("routes.json", "{");
        Assert.Equal(ReloadOutcome.Rejected, (await _files.Provider.ReloadNowAsync(TestContext.Current.CancellationToken)).Outcome);
        _files.WritePath("/files/{**rest}");
        Assert.Equal(ReloadOutcome.Unchanged, (await _files.LookForAsync(Second))?.Outcome);
        Assert.True(_files.Provider.Status.LastReloadSucceeded);
    }

    [Fact]
    public async Task A_reload_that_had_to_wait_takes_what_the_files_hold_when_its_turn_comes()
    {
        using var entered = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        _files.Provider.OnApplied(_ =>
        {
            entered.Set();
            leave.Wait(TestContext.Current.CancellationToken);
        });
        _files.WritePath("/first/{**rest}");
        var first = Task.Run(() => _files.Provider.ReloadNowAsync(TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);
        entered.Wait(TestContext.Current.CancellationToken);

        _files.WritePath("/older/{**rest}");
        var second = _files.Provider.ReloadNowAsync(TestContext.Current.CancellationToken);
        Assert.False(second.IsCompleted);
        _files.WritePath("/newer/{**rest}");
        leave.Set();
        await Task.WhenAll(first, second);

        Assert.Equal("/newer/{**rest}", _files.ServedPath);
    }

    [Fact]
    public async Task Content_that_changed_since_it_was_seen_to_rest_is_not_taken()
    {
        var hash = _files.Provider.LastSeenHash;
        _files.WritePath("/half/{**rest}");
        Assert.Null(await _files.Provider.ReloadIfAsync(hash, TestContext.Current.CancellationToken));
        Assert.Equal("/files/{**rest}", _files.ServedPath);
        Assert.Equal(ReloadOutcome.Applied, (await _files.LookForAsync(Second))?.Outcome);
        Assert.Equal("/half/{**rest}", _files.ServedPath);
    }
}
