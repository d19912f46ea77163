namespace BlazeGateway.EndToEnd.Operations;

/// <summary>Starts <c>blaze run --backend</c>.</summary>
internal static class Backends
{
    private const int Attempts = 20;

    /// <summary>Starts it until no backend failed to answer within the 2 s it is given, which on a busy machine is too little now and then.</summary>
    public static async Task<BlazeProcess> ServeAsync(IEnumerable<string> words, string? directory = null)
    {
        for (var i = 1; ; i++)
        {
            var blaze = await BlazeProcess.ServeAsync(words, directory);
            if (i == Attempts || !IsLate(blaze))
            {
                return blaze;
            }

            await blaze.DisposeAsync();
        }
    }

    /// <summary>What <c>--print-config</c> prints, under the same condition.</summary>
    public static async Task<string> PrintAsync(IEnumerable<string> words, string directory)
    {
        for (var i = 1; ; i++)
        {
            await using var blaze = BlazeProcess.Start(["run", .. words, "--print-config"], directory);
            Assert.Equal(0, await blaze.ExitAsync());
            if (i == Attempts || !IsLate(blaze))
            {
                return blaze.Out;
            }
        }
    }

    private static bool IsLate(BlazeProcess blaze) => blaze.Error.Contains("answer within", StringComparison.Ordinal);
}
