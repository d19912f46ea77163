namespace BlazeGateway.EndToEnd.Wire;

/// <summary>
/// Requests with something wrong, beside good traffic: the process stays, no good request is lost, nothing goes unhandled, and a destination never
/// sees anything but well-formed requests.
/// </summary>
public sealed class MutationTests
{
    private const int Workers = 16;

    [Fact]
    public Task Fifteen_hundred() => RunAsync(1_500);

    [Fact(Explicit = true)]
    public Task Ten_thousand() => RunAsync(10_000);

    private static async Task RunAsync(int count)
    {
        await using var destination = new RecordingDestination();
        await using var process = await LimitedProcess.StartAsync(destination.Address);
        using var ending = new CancellationTokenSource();
        var good = process.GoodTrafficAsync(ending.Token);
        var next = -1;
        var (forwarded, answered) = (0, 0);
        async Task WorkAsync()
        {
            while (Interlocked.Increment(ref next) is var number && number < count)
            {
                var bytes = Mutation.Of(number);
                using var connection = await RawConnection.OpenAsync(process.Blaze.Proxy);
                await connection.TrySendAsync(bytes);
                var reading = connection.ReadToEndAsync();

                // A client that ends its side is taken for gone, so whoever is going to be answered gets a moment; nothing depends on how long it is.
                await Task.WhenAny(reading, Task.Delay(TimeSpan.FromMilliseconds(40), TimeProvider.System));
                connection.Finish();
                Interlocked.Add(ref answered, (await reading).Length > 0 ? 1 : 0);
                foreach (var request in destination.Take())
                {
                    Interlocked.Increment(ref forwarded);
                    Assert.True(request.Breach is null or "it ends early", $"near {number}: {request}");
                }
            }
        }

        await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(WorkAsync)));
        await ending.CancelAsync();
        var (asked, lost) = await good;
        TestContext.Current.TestOutputHelper?.WriteLine($"{count} mutations, {answered} answered, {forwarded} requests forwarded, good: {asked}, lost: {lost}, {process.ResidentBytes >> 20} MiB");
        Assert.True(asked > 0 && lost == 0, $"{lost} of {asked} good requests were lost");
        Assert.True(answered > 0 && forwarded > 0, "mutations ought to be close enough to be answered");
        await process.AssertSoundAsync();
    }
}
