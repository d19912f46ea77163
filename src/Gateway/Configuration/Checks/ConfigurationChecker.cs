using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.LoadBalancing;

namespace BlazeGateway.Configuration.Checks;

/// <summary>A configuration after all checks: the snapshot if there are no errors, and everything found.</summary>
internal sealed record CheckedConfiguration(LoadedConfiguration Loaded, RoutesSnapshot? Snapshot)
{
    public IReadOnlyList<ConfigurationError> Errors => Loaded.Errors.All;
}

/// <summary>Takes a configuration through every check, off-line: nothing that serves requests is touched.</summary>
internal sealed class ConfigurationChecker(ConfigurationSources sources, IConfigValidator validator, IEnumerable<ILoadBalancingPolicy> policies)
{
    public ConfigurationSources Sources { get; } = sources;

    /// <summary>Checks <paramref name="content"/>; <paramref name="before"/> is what is served now, null at the start.</summary>
    public async ValueTask<CheckedConfiguration> CheckAsync(ConfigurationContent content, IProxyConfig? before)
    {
        var loaded = ConfigurationLoader.Load(Sources, content);
        if (loaded.Errors.Any)
        {
            return new CheckedConfiguration(loaded, null);
        }

        RoutesSnapshot snapshot;
        try
        {
            snapshot = RoutesReader.Read(loaded.Root);
        }
        catch (Exception e)
        {
            loaded.Errors.Add(loaded.Root.PlaceOf(RoutesReader.Section), RoutesReader.Section, $"The section cannot be read: {e.GetBaseException().Message}");
            return new CheckedConfiguration(loaded, null);
        }

        try
        {
            await CheckAsync(loaded, snapshot, before);
        }
        catch (Exception e)
        {
            // What no check foresaw must not be served, and must not end the process that looks at its files.
            loaded.Errors.Add(loaded.Root.PlaceOf(RoutesReader.Section), RoutesReader.Section, $"The section cannot be checked: {e.GetType().Name}: {e.Message}");
        }

        return new CheckedConfiguration(loaded, loaded.Errors.Any ? null : snapshot);
    }

    private async ValueTask CheckAsync(LoadedConfiguration loaded, RoutesSnapshot snapshot, IProxyConfig? before)
    {
        ShrinkGuard.Check(loaded.Root, before, snapshot, loaded.Errors);
        new ReferenceCheck(loaded.Root, snapshot, Sources.WorkingDirectory, loaded.Errors).Check();
        new AddressCheck(loaded.Root, snapshot, loaded.Errors).Check();
        new BalanceCheck(loaded.Root, snapshot, loaded.Errors).Check();
        new AdmissionCheck(loaded.Root, snapshot, loaded.Errors).Check();
        new ContinuationCheck(loaded.Root, snapshot, loaded.Errors).Check();
        new SupportCheck(loaded.Root, snapshot, loaded.Errors).Check();
        new ClientCheck(loaded.Root, snapshot, loaded.Errors).Check();
        KestrelCheck.Check(loaded.Root, loaded.Errors);
        new ListenerCheck(loaded.Root, loaded.Errors).Check();
        PermissionCheck.Check(Sources, loaded.Root, loaded.Errors);
        await new DryBuild(validator, policies, loaded.Root, snapshot, loaded.Errors).CheckAsync();
    }
}
